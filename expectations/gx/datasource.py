"""A snapshot as a data source of Great Expectations: one asset per table, one batch with all of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from great_expectations.compatibility import pydantic
from great_expectations.core.batch import LegacyBatchDefinition
from great_expectations.core.id_dict import BatchSpec, IDDict
from great_expectations.datasource.fluent.batch_request import BatchRequest
from great_expectations.datasource.fluent.constants import _DATA_CONNECTOR_NAME
from great_expectations.datasource.fluent.interfaces import Batch, DataAsset, Datasource

from expectations.gx.engine import SnapshotExecutionEngine

if TYPE_CHECKING:
    from expectations.gx.scan import Scan

EngineType = type[SnapshotExecutionEngine]


class SnapshotTable(DataAsset):  # type: ignore[type-arg] # as their own assets do
    """One table of a snapshot, of all systems."""

    type: Literal["snapshot_table"] = "snapshot_table"

    def test_connection(self) -> None:
        """A snapshot was opened before it got here."""

    def build_batch_request(self, options: Any = None, batch_slice: Any = None, partitioner: Any = None) -> Any:  # noqa: ANN401
        """Ask for the whole table, the only batch there is."""
        if options or batch_slice or partitioner:
            message = f"{self.name}: a snapshot's table has one batch, without options"
            raise ValueError(message)
        return BatchRequest(datasource_name=self.datasource.name, data_asset_name=self.name, options={})

    def get_batch_parameters_keys(self, partitioner: Any = None) -> tuple[str, ...]:  # noqa: ANN401, ARG002 - Great Expectations' interface
        return ()

    def get_batch_identifiers_list(self, batch_request: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        return [IDDict(batch_request.options)]

    def get_batch(self, batch_request: Any) -> Batch:  # noqa: ANN401
        spec = {"table": self.name, "scan": self.datasource.scan}
        data, markers = self.datasource.get_execution_engine().get_batch_data_and_markers(spec)
        return Batch(
            datasource=self.datasource,
            data_asset=self,
            batch_request=batch_request,
            data=data,
            batch_markers=markers,
            batch_spec=BatchSpec(table=self.name),
            batch_definition=LegacyBatchDefinition(
                datasource_name=self.datasource.name,
                data_connector_name=_DATA_CONNECTOR_NAME,
                data_asset_name=self.name,
                batch_identifiers=IDDict(),
            ),
        )


class SnapshotDatasource(Datasource):  # type: ignore[type-arg] # as above
    """The tables of one snapshot, all answered by one scan."""

    asset_types: ClassVar[Any] = [SnapshotTable]

    type: Literal["snapshot"] = "snapshot"
    assets: list[SnapshotTable] = []  # noqa: RUF012 - a field of a model, copied for every source

    _scan: Any = pydantic.PrivateAttr(default=None)

    @property
    def scan(self) -> Scan:
        """The scan that its batches are answered from; LookupError where a project was opened without one."""
        if self._scan is None:
            message = "this project keeps results; only a night's own run can ask the snapshot again"
            raise LookupError(message)
        scan: Scan = self._scan
        return scan

    @property
    def execution_engine_type(self) -> EngineType:
        return SnapshotExecutionEngine

    def test_connection(self, test_assets: bool = True) -> None:  # noqa: FBT001, FBT002 - Great Expectations' interface
        """A snapshot was opened before it got here."""

    def look_at(self, scan: Scan) -> None:
        self._scan = scan

    def add_table(self, name: str) -> SnapshotTable:
        table: SnapshotTable = self._add_asset(SnapshotTable(name=name))
        return table
