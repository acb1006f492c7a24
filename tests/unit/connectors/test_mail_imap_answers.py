"""What mail servers answer, as several of them write it: folders, namespaces, messages."""

from __future__ import annotations

from datetime import datetime

import pytest

from connectors.mail.imap_answers import Folder, Namespaces, folders_of, messages_of, namespaces_of, uids_of
from infra.clock import SCHOOL_ZONE

INBOX = Folder(b"INBOX", "Hộp thư đến")
HEAD = b"From: Phong <A@B.vn>\r\nSubject: V/v\r\n hop\r\nDate: Mon, 31 May 2027 08:00:00 +0700\r\nMessage-ID: <1@b.vn>\r\n\r\n"


def names(*lines: bytes | tuple[bytes, bytes] | None, namespaces: Namespaces | None = None) -> list[str]:
    return [folder.name for folder in folders_of(lines, namespaces or Namespaces())]


def test_folders_are_read_in_every_way_a_name_can_be_written() -> None:
    assert names(
        b'(\\HasNoChildren) "/" Tin',
        b'(\\HasNoChildren) "/" "C&APQ-ng v&AQM-n/Ph&AbAe3Q-ng"',
        (b'(\\HasNoChildren) "/" {7}', b'a "b" c'),
        b'(\\HasNoChildren) "/" INBOX',
        b'() NIL "khong phan cap/x"',
        b'() "\\\\" "a\\\\b"',
        None,
        b"",
    ) == ["Hộp thư đến", "Công văn/Phường", "Tin", "a/b", 'a "b" c', "khong phan cap/x"]  # fmt: skip


def test_folders_that_cannot_be_opened_or_show_others_again_are_left_out() -> None:
    assert names(
        b'(\\Noselect \\HasChildren) "/" "Cha"', b'(\\NonExistent) "/" "Mat"', b'(\\All) "/" "Tat ca"', b'(\\Flagged) "/" "Co sao"',
        b'(\\Sent) "/" "Da gui"',
    ) == ["Da gui"]  # fmt: skip


def test_a_name_goes_back_to_the_server_as_it_came() -> None:
    (folder,) = folders_of([b'() "/" "a \\"b\\" \\\\c"'], Namespaces())
    assert folder.wire == b'a "b" \\c'
    assert folder.quoted == b'"a \\"b\\" \\\\c"'


@pytest.mark.parametrize(
    ("answer", "own", "others"),
    [
        (b'(("" "/")) NIL NIL', (b"",), ()),
        (b'(("INBOX." ".")) (("users." ".")) (("Chung." ".")("#x." "."))', (b"INBOX.",), (b"users.", b"Chung.", b"#x.")),
        (b'(("" "/" "X-PARAM" ("a" "b"))("#mh/" "/")) NIL (("" "/"))', (b"", b"#mh/"), ()),
        (b'NIL NIL (("Chung/" "/"))', (), (b"Chung/",)),
        (b"", (), ()),
        (b"nil nil nil", (), ()),
    ],
)
def test_namespaces_are_told_apart(answer: bytes, own: tuple[bytes, ...], others: tuple[bytes, ...]) -> None:
    assert namespaces_of([answer]) == Namespaces(own, others)


def test_other_peoples_folders_are_no_folders_of_ours() -> None:
    spaces = Namespaces((b"INBOX.",), (b"users.", b"Chung."))
    lines = (b'() "." INBOX', b'() "." INBOX.Tin', b'() "." users.lan.Tin', b'() "." Chung', b'() "." Chung.a', b'() "." Chungcu')
    assert names(*lines, namespaces=spaces) == ["Hộp thư đến", "Chungcu", "Tin"]


def test_numbers_are_those_behind_the_last_one() -> None:
    assert uids_of([b"9 7 8", b"12", None], 7) == [8, 9, 12]
    assert uids_of([b"7"], 7) == []
    assert uids_of([None], 0) == []


@pytest.mark.parametrize(
    "answers",
    [
        [(b'1 (UID 7 RFC822.SIZE 90 INTERNALDATE " 1-Jun-2027 01:02:03 +0000" FLAGS (\\Seen $Forwarded) BODY[X]<0> {9}', HEAD), b")"],
        [(b"1 (BODY[X]<0> {9}", HEAD), b' FLAGS ($Forwarded \\Seen) UID 7 INTERNALDATE "01-Jun-2027 08:02:03 +0700" RFC822.SIZE 90)'],
    ],
)
def test_a_message_is_the_same_whatever_the_order_of_its_items(answers: list[bytes | tuple[bytes, bytes]]) -> None:
    (message,) = messages_of(answers, INBOX, 5, {7})
    assert (message.folder, message.key, message.size, message.flags) == ("Hộp thư đến", "INBOX/5.7", 90, "PS")
    assert message.received == datetime(2027, 6, 1, 8, 2, 3, tzinfo=SCHOOL_ZONE)
    assert message.dated == datetime(2027, 5, 31, 8, tzinfo=SCHOOL_ZONE)
    assert (message.sender, message.subject, message.message_id) == ("a@b.vn", "V/v hop", "<1@b.vn>")


def entry(uid: int, head: bytes = HEAD) -> list[bytes | tuple[bytes, bytes]]:
    told = f'{uid} (UID {uid} RFC822.SIZE 1 INTERNALDATE "01-Jun-2027 08:02:03 +0700" FLAGS () BODY[X] {{{len(head)}}}'
    return [(told.encode(), head), b")"]


def test_what_was_not_asked_for_or_is_not_whole_is_left_out_and_the_order_is_that_of_the_numbers() -> None:
    answers = [*entry(9), b"3 (FLAGS (\\Seen))", *entry(8), b"4 (UID 10 FLAGS ())", *entry(11)]
    assert [message.key for message in messages_of(answers, INBOX, 1, {8, 9, 10})] == ["INBOX/1.8", "INBOX/1.9"]


def test_a_header_that_looks_like_an_answer_is_only_a_header() -> None:
    head = b'Subject: UID 99 RFC822.SIZE 99 FLAGS (\\Flagged) 1 (UID 5\r\nX: 1 (UID 6 RFC822.SIZE 1 INTERNALDATE "x")\r\n\r\n'
    (message,) = messages_of(entry(8, head), INBOX, 1, {5, 6, 8, 99})
    assert (message.key, message.size, message.flags) == ("INBOX/1.8", 1, "")
    assert message.subject.startswith("UID 99")


def test_a_message_without_any_header_is_still_a_message() -> None:
    told = b'8 (UID 8 RFC822.SIZE 4 INTERNALDATE "01-Jun-2027 08:02:03 +0700" FLAGS () BODY[X] "")'
    (message,) = messages_of([told], INBOX, 1, {8})
    assert (message.sender, message.subject, message.dated, message.message_id) == ("", "", None, "")
