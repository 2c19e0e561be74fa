from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loadgate.errors import CouldNotRun
from loadgate.store import durable


def _sealed(tmp: Path, *, key: str = "k", content: bytes = b"content") -> Path:
    folder = durable.open_folder(tmp)
    durable.write_bytes(folder / "a" / "data.bin", content)
    durable.seal(folder, {"key": key, "made_for": "2026-10"})
    return folder


def _tree(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def test_a_written_file_holds_what_was_written_and_leaves_nothing_else(tmp_path: Path) -> None:
    durable.write_bytes(tmp_path / "new" / "file", b"old")
    durable.write_text(tmp_path / "new" / "file", "new ø")

    assert (tmp_path / "new" / "file").read_text(encoding="utf-8") == "new ø"
    assert _tree(tmp_path) == ["new", "new/file"]


def test_a_write_whose_source_fails_leaves_the_old_content(tmp_path: Path) -> None:
    durable.write_bytes(tmp_path / "file", b"old")

    def breaks() -> Iterator[bytes]:
        yield b"ne"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        durable.write_chunks(tmp_path / "file", breaks())

    assert (tmp_path / "file").read_bytes() == b"old"
    assert _tree(tmp_path) == ["file"]


def test_of_many_creators_of_one_file_one_wins(tmp_path: Path) -> None:
    won: list[int] = []
    start = threading.Barrier(16)

    def create(number: int) -> None:
        start.wait()
        if durable.create_bytes(tmp_path / "file", f"{number}".encode()):
            won.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    assert (tmp_path / "file").read_bytes() == f"{won[0]}".encode()
    assert _tree(tmp_path) == ["file"]


def test_appended_pieces_follow_each_other(tmp_path: Path) -> None:
    durable.append(tmp_path / "log", b"one\n")
    durable.append(tmp_path / "log", b"two\n")

    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"


def test_a_finished_file_is_put_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "tmp").write_bytes(b"new")
    durable.write_bytes(tmp_path / "final", b"old")

    durable.replace_file(tmp_path / "tmp", tmp_path / "final")

    assert (tmp_path / "final").read_bytes() == b"new"
    assert _tree(tmp_path) == ["final"]


def test_a_folder_without_a_manifest_does_not_exist(tmp_path: Path) -> None:
    folder = durable.open_folder(tmp_path / "tmp")
    durable.write_bytes(folder / "data", b"x")

    assert not durable.exists(folder)
    with pytest.raises(CouldNotRun, match=r"has no manifest\.json"):
        durable.read_manifest(folder)


def test_only_a_sealed_folder_can_be_committed(tmp_path: Path) -> None:
    folder = durable.open_folder(tmp_path / "tmp")

    with pytest.raises(CouldNotRun, match="is not sealed"):
        durable.commit_folder(folder, tmp_path / "final")
    assert not (tmp_path / "final").exists()


def test_a_committed_folder_lists_its_files_with_size_and_hash(tmp_path: Path) -> None:
    folder = _sealed(tmp_path / "tmp", content=b"12345")

    assert durable.commit_folder(folder, tmp_path / "deep" / "final")

    manifest = durable.read_manifest(tmp_path / "deep" / "final")
    assert manifest["key"] == "k"
    assert manifest["made_for"] == "2026-10"
    assert manifest["files"] == [
        {
            "name": "a/data.bin",
            "size_bytes": 5,
            "sha256": "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5",
        }
    ]
    assert durable.differences(tmp_path / "deep" / "final") == []
    assert _tree(tmp_path / "tmp") == []


def test_a_folder_sealed_without_a_key_is_known_by_its_content(tmp_path: Path) -> None:
    keys = []
    for content in (b"one", b"one", b"two"):
        folder = durable.open_folder(tmp_path)
        durable.write_bytes(folder / "data", content)
        durable.seal(folder, {})
        keys.append(durable.read_manifest(folder)["key"])

    assert keys[0] == keys[1] != keys[2]


def test_the_same_thing_made_twice_is_kept_once(tmp_path: Path) -> None:
    durable.commit_folder(_sealed(tmp_path / "tmp", content=b"first"), tmp_path / "final")

    assert not durable.commit_folder(_sealed(tmp_path / "tmp", content=b"again"), tmp_path / "final")

    assert (tmp_path / "final" / "a" / "data.bin").read_bytes() == b"first"
    assert _tree(tmp_path / "tmp") == []


def test_a_sealed_folder_gives_no_way_to_another_one(tmp_path: Path) -> None:
    durable.commit_folder(_sealed(tmp_path / "tmp", key="one"), tmp_path / "final")

    with pytest.raises(CouldNotRun, match="already holds something else"):
        durable.commit_folder(_sealed(tmp_path / "tmp", key="other"), tmp_path / "final")
    assert durable.read_manifest(tmp_path / "final")["key"] == "one"


def test_the_rest_of_a_crash_gives_way(tmp_path: Path) -> None:
    (tmp_path / "final" / "a").mkdir(parents=True)
    (tmp_path / "final" / "a" / "left_over").write_bytes(b"x")

    assert durable.commit_folder(_sealed(tmp_path / "tmp"), tmp_path / "final")

    assert _tree(tmp_path / "final") == ["a", "a/data.bin", "manifest.json"]


@pytest.mark.usefixtures("threads_switch_often")
@pytest.mark.parametrize("rest_of_a_crash", [False, True])
def test_of_many_who_commit_the_same_folder_one_puts_it(tmp_path: Path, rest_of_a_crash: bool) -> None:
    for number in range(40):
        final = tmp_path / "vintages" / f"{number}"
        if rest_of_a_crash:
            (final / "a").mkdir(parents=True)

        assert sorted(_put_at_once(tmp_path / "tmp", final)) == [False] * 7 + [True]
        assert durable.differences(final) == []
        assert _tree(tmp_path / "tmp") == []


def _put_at_once(tmp: Path, final: Path) -> list[bool]:
    start = threading.Barrier(8)

    def commit(folder: Path) -> bool:
        start.wait()
        return durable.commit_folder(folder, final)

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(commit, [_sealed(tmp) for _ in range(8)]))


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second disk")  # noqa: S108
def test_a_folder_is_carried_to_another_disk(tmp_path: Path) -> None:
    if Path("/dev/shm").stat().st_dev == tmp_path.stat().st_dev:  # noqa: S108
        pytest.skip("needs a second disk")
    tmp = durable.open_folder(Path("/dev/shm"))  # noqa: S108
    try:
        folder = _sealed(tmp)

        assert durable.commit_folder(folder, tmp_path / "vintages" / "final")

        assert durable.differences(tmp_path / "vintages" / "final") == []
        assert _tree(tmp) == []
        assert _tree(tmp_path / "vintages") == ["final", "final/a", "final/a/data.bin", "final/manifest.json"]
    finally:
        durable.discard_folder(tmp)


def test_a_folder_keeps_the_mode_it_was_opened_with(tmp_path: Path) -> None:
    for mode in (0o700, 0o750):
        folder = durable.open_folder(tmp_path / "tmp", mode=mode)
        durable.seal(folder, {})
        durable.commit_folder(folder, tmp_path / f"{mode:o}")

        assert (tmp_path / f"{mode:o}").stat().st_mode & 0o777 == mode


def test_every_difference_from_the_manifest_is_named(tmp_path: Path) -> None:
    folder = durable.open_folder(tmp_path)
    for name in ("cut", "gone", "kept", "linked", "swapped"):
        durable.write_bytes(folder / name, b"content")
    durable.seal(folder, {})

    (folder / "cut").write_bytes(b"con")
    (folder / "gone").unlink()
    (folder / "swapped").write_bytes(b"CONTENT")
    (folder / "added").write_bytes(b"")
    (folder / "linked").rename(tmp_path / "elsewhere")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")

    assert durable.differences(folder) == [
        "added: not in the manifest",
        "cut: 3 bytes, the manifest says 7",
        "gone: missing",
        "linked: a link, not a file",
        "swapped: content changed",
    ]


def test_a_manifest_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for text in ("{", "[]"):
        (tmp_path / "manifest.json").write_text(text, encoding="utf-8")

        with pytest.raises(CouldNotRun, match=r"manifest\.json cannot be read"):
            durable.read_manifest(tmp_path)


def test_a_manifest_that_lists_no_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"key": "k"}', encoding="utf-8")

    with pytest.raises(CouldNotRun, match=r"manifest\.json lists no files"):
        durable.differences(tmp_path)


def test_half_written_things_are_found(tmp_path: Path) -> None:
    folder = durable.open_folder(tmp_path / "tmp")
    durable.write_bytes(tmp_path / "runs" / "whole", b"x")
    (tmp_path / "runs" / ".0123.1-2.half").write_bytes(b"x")

    assert list(durable.half_written(tmp_path)) == [tmp_path / "runs" / ".0123.1-2.half", folder]
    assert list(durable.half_written(tmp_path / "nowhere")) == []
    assert os.path.exists(folder)  # noqa: PTH110  listing deletes nothing
