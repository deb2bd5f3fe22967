"""Whoever alters an export of the audit log is found out by who has nothing but the public keys."""

import json

from harness.audit import public_keys, verdict_of, verify_lines
from harness.program import run
from harness.tampering import DAYS, assert_broken


def lines_of(log):
    """An export's lines, and where its entries begin."""
    lines = log.export()
    types = [json.loads(line)["type"] for line in lines]
    assert types == ["head"] + ["checkpoint"] * (DAYS - 1) + ["entry"] * (len(lines) - DAYS)
    return lines, types.index("entry")


def test_altered_exports(log, keys):
    lines, first = lines_of(log)
    place = first + 9
    entry = json.loads(lines[place])
    assert verify_lines(lines, *keys)["intact"]
    for name in (name for name in entry if name not in ("type", "tenant")):
        value = entry[name]
        other = value + 1 if isinstance(value, int) else None
        if isinstance(value, str):
            other = value[:-1] + ("1" if value[-1] != "1" else "2")
        changed = json.dumps(entry | {name: other})
        outcome = verify_lines(lines[:place] + [changed] + lines[place + 1 :], *keys, check=False)
        assert outcome.returncode != 0, name
        if outcome.returncode == 1 and outcome.stdout:
            assert not json.loads(outcome.stdout)["intact"]
    assert_broken(verify_lines(lines[:place] + lines[place + 1 :], *keys), "missing", seq=entry["seq"])
    swapped = lines[:place] + [lines[place + 1], lines[place]] + lines[place + 2 :]
    assert_broken(verify_lines(swapped, *keys), "missing", "reordered", "inserted", "changed")
    assert_broken(verify_lines(lines[:place] + [lines[place]] + lines[place:], *keys), "inserted", "changed")
    assert_broken(verify_lines(lines[:-1], *keys), "truncated")
    assert_broken(verify_lines(lines[:first], *keys), "truncated", "missing")
    assert_broken(verify_lines(lines[:1] + lines[2:], *keys), "checkpoint_missing")
    # without its head an export says nothing of its end
    assert verify_lines(lines[1:], *keys, check=False).returncode != 0
    assert verify_lines([], *keys, check=False).returncode != 0
    # of another tenant
    other = json.dumps(entry | {"tenant": int(entry["tenant"]) + 1 if isinstance(entry["tenant"], int) else "999"})
    assert verify_lines(lines[:place] + [other] + lines[place + 1 :], *keys, check=False).returncode != 0


def test_a_line_cut_in_two(log, keys):
    lines, _ = lines_of(log)
    text = "\n".join(lines)
    outcome = verify_lines(text[: len(text) - 40].split("\n"), *keys, check=False)
    assert outcome.returncode != 0 and "Fatal error" not in outcome.stderr
    for nonsense in ("{}", "nonsense", '{"type":"entry"}', "[" * 5000, '{"type":"other"}'):
        outcome = verify_lines(lines[:5] + [nonsense] + lines[5:], *keys, check=False)
        assert outcome.returncode != 0 and "Fatal error" not in outcome.stderr, nonsense


def test_wrong_public_keys(log, keys):
    lines, _ = lines_of(log)
    other = public_keys(CALLTRAIL_ENCRYPTION_KEYS="k1:" + "QUFB" * 10 + "QUE=")
    assert other != keys
    assert_broken(verify_lines(lines, *other), "checkpoint_forged", seq=1)
    assert verify_lines(lines, *other, *keys)["intact"]
    for bad in ("x", "QUFB", keys[0][:-4]):
        assert verify_lines(lines, bad, check=False).returncode not in (0, 1)
    assert verify_lines(lines, check=False).returncode not in (0, 1)


def test_an_export_as_a_file(log, keys, tmp_path):
    path = tmp_path / "export.ndjson"
    path.write_text("".join(line + "\n" for line in log.export()))
    own = {"CALLTRAIL_ENCRYPTION_KEYS": None, "CALLTRAIL_SQL_DIR": None}
    outcome = run("audit", "verify", "--file", str(path), "--public-key", keys[0], check=False, **own)
    assert verdict_of(outcome)["intact"]
    outcome = run("audit", "verify", "--file", str(path) + "x", "--public-key", keys[0], check=False, **own)
    assert outcome.returncode != 0 and "Fatal error" not in outcome.stderr
