# SPDX-License-Identifier: Apache-2.0
"""Addresses, files, locks and crashes."""

from __future__ import annotations

import multiprocessing
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from calendars import Blocks, CalendarKey, EventDraft, EventRef, IcsFolder, NotAllowed, TryLater, Unreadable
from calendars.ics import files
from calendars.ics.files import CalendarFiles
from tests.calendars.ics.samples import OWNER, calendar, event, utc
from tests.patience import PATIENCE

START = utc("2026-03-10 00:00")
KEY = CalendarKey(OWNER, "Europe/Madrid")
WINDOW = START, START + timedelta(days=100)


def draft(number: int) -> EventDraft:
    start = START + timedelta(hours=number)
    end = start + timedelta(minutes=30)
    return EventDraft(
        uid=f"ses_{number}", start=start, end=end, time_zone="UTC", summary=f"Interview {number}"
    )


def read(folder: Path, address: str = OWNER) -> Blocks | Unreadable:
    return IcsFolder(folder).read_busy([CalendarKey(address, "UTC")], *WINDOW)[address]


@pytest.mark.parametrize(
    "address",
    [
        "",
        ".",
        "../secret",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "C:x",
        "a\x00b",
        "a\nb",
        ".hidden",
        "x" * 201,
        "\ud800",
    ],
)
def test_an_address_never_leads_out_of_the_folder(tmp_path: Path, address):
    folder = tmp_path / "calendars"
    folder.mkdir()
    (tmp_path / "secret.ics").write_bytes(calendar())
    ref = EventRef(provider="ics", calendar=address, event_id="ses_1")

    assert read(folder, address).code == "bad_address"
    for act in (
        lambda: IcsFolder(folder).create_event(address, draft(1)),
        lambda: IcsFolder(folder).cancel_event(ref),
    ):
        with pytest.raises(NotAllowed, match="address"):
            act()
    assert list(folder.iterdir()) == []
    assert (tmp_path / "secret.ics").read_bytes() == calendar()


def test_what_is_not_a_file_is_unreadable_at_once(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.ics")
    (tmp_path / "folder.ics").mkdir()

    assert read(tmp_path, "pipe").code == "not_a_calendar"
    assert isinstance(read(tmp_path, "folder"), Unreadable)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path):
    with (tmp_path / f"{OWNER}.ics").open("wb") as file:
        file.truncate(files.MOST_BYTES + 1)

    assert read(tmp_path).code == "too_large"


def test_a_folder_that_is_not_there_is_out_of_order(tmp_path: Path):
    folder = IcsFolder(tmp_path / "nowhere")

    assert folder.read_busy([KEY], *WINDOW)[OWNER].code == "missing"
    with pytest.raises(NotAllowed):
        folder.probe()
    with pytest.raises(NotAllowed):
        folder.create_event(OWNER, draft(1))


def test_mode_and_owner_of_a_file_stay(tmp_path: Path):
    file = tmp_path / f"{OWNER}.ics"
    file.write_bytes(calendar())
    file.chmod(0o640)
    before = file.stat()

    IcsFolder(tmp_path).create_event(OWNER, draft(1))

    after = file.stat()
    assert (stat.S_IMODE(after.st_mode), after.st_uid, after.st_gid) == (0o640, before.st_uid, before.st_gid)


def test_a_link_to_a_calendar_elsewhere_stays_a_link(tmp_path: Path):
    elsewhere = tmp_path / "elsewhere.ics"
    elsewhere.write_bytes(calendar())
    link = tmp_path / f"{OWNER}.ics"
    link.symlink_to(elsewhere)

    IcsFolder(tmp_path).create_event(OWNER, draft(1))

    assert link.is_symlink()
    assert b"UID:ses_1" in elsewhere.read_bytes()


def test_what_a_crash_left_behind_is_in_nobodys_way(tmp_path: Path):
    file = tmp_path / f"{OWNER}.ics"
    file.write_bytes(calendar(event("UID:theirs")))
    (tmp_path / f".{OWNER}.ics.new").write_bytes(b"BEGIN:VCALENDAR\nhalf of i")

    IcsFolder(tmp_path).create_event(OWNER, draft(1))

    assert b"UID:theirs" in file.read_bytes()
    assert b"UID:ses_1" in file.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".{OWNER}.ics.lock", file.name]


def test_a_failed_write_leaves_the_old_file_whole(tmp_path: Path, monkeypatch):
    file = tmp_path / f"{OWNER}.ics"
    file.write_bytes(calendar())

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", no_space)

    with pytest.raises(TryLater):
        IcsFolder(tmp_path).create_event(OWNER, draft(1))
    assert file.read_bytes() == calendar()


def test_a_writer_that_waits_too_long_is_told_to_try_later(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(files, "_LOCK_SECONDS", 0.0)

    with CalendarFiles(tmp_path).changing(OWNER):
        with pytest.raises(TryLater):
            IcsFolder(tmp_path).create_event(OWNER, draft(1))
        IcsFolder(tmp_path).create_event("ben@example.org", draft(1))

    IcsFolder(tmp_path).create_event(OWNER, draft(1))


def write_many(folder: Path, numbers: range, barrier) -> None:
    provider = IcsFolder(folder)
    barrier.wait()
    for number in numbers:
        provider.create_event(OWNER, draft(number))


def test_two_processes_writing_at_once_lose_nothing(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    shares = (range(25), range(25, 50))
    writers = [context.Process(target=write_many, args=(tmp_path, share, barrier)) for share in shares]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(PATIENCE)

    assert [writer.exitcode for writer in writers] == [0, 0]
    assert {block.own for block in read(tmp_path).blocks} == {f"ses_{number}" for number in range(50)}


def test_a_reader_sees_whole_files_while_they_are_written(tmp_path: Path):
    (tmp_path / f"{OWNER}.ics").write_bytes(calendar())
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    writer = context.Process(target=write_many, args=(tmp_path, range(25), barrier))
    writer.start()
    barrier.wait()
    seen = [read(tmp_path)]
    while writer.is_alive():
        seen.append(read(tmp_path))
    writer.join(PATIENCE)

    assert [reading for reading in seen if isinstance(reading, Unreadable)] == []
    assert len(read(tmp_path).blocks) == 25
