"""A real Prefect server: schedules make future runs, deployments really run, the doctor sees them, nothing calls out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.running import INTERRUPTIBLE, clean_environment, truong
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

START_SECONDS, RUN_SECONDS, ANSWER_SECONDS = 400, 400, 60
TRIES = 10  # of a question that Prefect cannot take just now


class Served:
    """`truong serve` on its home, asked as the UI asks it."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.url = home, f"http://127.0.0.1:{port}/api"

    def ask(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data=data, headers={"Content-Type": "application/json"})  # noqa: S310
        for _ in range(TRIES):
            try:
                with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - loopback
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                # Prefect says 503 for "try again" (its SQLite was being written); its own client and UI do so.
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
            time.sleep(1)
        message = f"{path} stayed unavailable"
        raise AssertionError(message)

    def deployments(self) -> dict[str, Any]:
        return {entry["name"]: entry for entry in self.ask("/deployments/filter", {})}

    def scheduled(self) -> list[Any]:
        return list(self.ask("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}))

    def run(self, name: str, **parameters: object) -> Any:  # noqa: ANN401 - JSON
        deployment = self.deployments()[name]
        # The key makes asking twice make one run.
        body = {
            "parameters": {**deployment["parameters"], **parameters},
            "state": {"type": "SCHEDULED"},
            "idempotency_key": str(uuid.uuid4()),
        }
        run = self.ask(f"/deployments/{deployment['id']}/create_flow_run", body)["id"]
        ended = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        wait_for(lambda: self.ask(f"/flow_runs/{run}")["state"]["type"] in ended, RUN_SECONDS)
        return self.ask(f"/flow_runs/{run}")


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except (urllib.error.URLError, OSError, ValueError):
            pass
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, good_night: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("phuc-vu") / "nha"
    subprocess.run(["cp", "-a", str(good_night), str(home)], check=True)
    port = free_port()
    settings = home / "truong.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + f"\n[server]\nport = {port}\n", encoding="utf-8")
    with (home / "serve.log").open("wb") as log:
        command = [*INTERRUPTIBLE, sys.executable, "-m", "flows.cli.main", "serve", "--config", str(settings)]
        server = subprocess.Popen(command, stdout=log, stderr=log, env=clean_environment(), cwd=home, start_new_session=True)
    school = Served(home, port)
    try:
        # Restore on demand is the fourth, and has no schedule.
        wait_for(lambda: len(school.deployments()) == 4 and len(school.scheduled()) >= 3, START_SECONDS)
        yield school
    finally:
        # The whole group: each deployment runs its flows in a process of its own.
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


@pytest.mark.slow
def test_every_schedule_makes_future_runs_in_the_schools_zone(served: Served) -> None:
    deployments = served.deployments()
    crons = {name: entry["schedules"][0]["schedule"] for name, entry in deployments.items() if entry["schedules"]}
    assert {name: cron["cron"] for name, cron in crons.items()} == {
        "hang-dem": "0 2 * * *",
        "dien-tap-khoi-phuc": "0 4 * * 0",
        "ke-hoach-don-thu": "0 5 1 8 *",
    }
    assert {cron["timezone"] for cron in crons.values()} == {"Asia/Ho_Chi_Minh"}
    starts = [run["expected_start_time"] for run in served.scheduled() if run["deployment_id"] == deployments["hang-dem"]["id"]]
    assert starts
    assert all("T19:00:00" in start for start in starts), "02:00 in Vietnam is 19:00 UTC"


@pytest.mark.slow
def test_the_doctor_sees_the_future_run(served: Served) -> None:
    settings = served.home / "truong.toml"
    asked = served.home / "hoi.toml"
    asked.write_text(settings.read_text(encoding="utf-8") + f'api_url = "{served.url}"\n', encoding="utf-8")
    done = truong("doctor", "--config", asked, "--json")
    schedule = next(line for line in json.loads(done.out) if line["check"] == "Lịch hằng đêm")
    assert schedule["ok"] is True, schedule


@pytest.mark.slow
def test_the_restore_form_brings_a_table_back_and_writes_the_log(served: Served) -> None:
    run = served.run("khoi-phuc", reason="thử biểu mẫu", what="pupils")
    assert run["state"]["type"] == "COMPLETED", run["state"]["message"]
    (found,) = (served.home / "data" / "restored").rglob("pupils.parquet")
    assert found.stat().st_size > 1000
    log = (served.home / "data" / "restored" / "nhat-ky.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(log[-1])["reason"] == "thử biểu mẫu"


@pytest.mark.slow
def test_the_form_asks_in_vietnamese_and_refuses_without_a_reason(served: Served) -> None:
    fields = served.deployments()["khoi-phuc"]["parameter_openapi_schema"]["properties"]
    titles = {"Lý do", "Ngày của dữ liệu cần lấy lại", "Lấy lại gì", "Lấy từ kho nào", "Tệp cấu hình"}
    assert {field["title"] for field in fields.values()} == titles
    assert served.run("khoi-phuc", reason=" ")["state"]["type"] == "FAILED"


@pytest.mark.slow
def test_the_deployed_night_is_the_same_night(served: Served) -> None:
    before = (served.home / "data" / "findings" / "2027-05-31" / "findings.csv").read_bytes()
    run = served.run("hang-dem")
    assert run["state"]["type"] == "COMPLETED", run["state"]["message"]
    assert (served.home / "data" / "findings" / "2027-05-31" / "findings.csv").read_bytes() == before


@pytest.mark.slow
def test_the_server_sends_nothing_out(served: Served) -> None:
    settings = served.ask("/admin/settings")
    assert settings["server"]["analytics_enabled"] is False
