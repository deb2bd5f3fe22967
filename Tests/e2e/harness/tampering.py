"""What tests of an altered audit log share: how many days it has, entries amid it, and breaks that are named."""

DAYS = 4


def assert_broken(verdict, *kinds, seq=None):
    """The verdict names a break of such a kind, at an entry."""
    assert not verdict["intact"], verdict
    found = verdict["first_break"]
    assert found["kind"] in kinds and found["detail"], found
    if seq is not None:
        assert found["seq"] == seq, found
    return found


def seq_of(log, day):
    """The number of an entry in the middle of a day's."""
    rows = log.rows("code = 'ABB-0020' and value = %s", str(day))
    return rows[len(rows) // 2]["seq"]
