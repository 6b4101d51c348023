"""The comparison of two builds sees what it is there to see."""

from scripts.twice import differences


def test_two_sites_are_compared_file_by_file_and_byte_by_byte(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for site in (one, two):
        (site / "en").mkdir(parents=True)
        (site / "en" / "index.html").write_text("the same 同")
    assert list(differences(one, two)) == []
    (two / "en" / "index.html").write_text("the same, 同")
    (one / "robots.txt").write_text("")
    (two / "here.txt").write_text("")
    assert list(differences(one, two)) == [
        "here.txt: only in the second site",
        "robots.txt: only in the first site",
        "en/index.html: differs at byte 8\n  the same 同\n  the same, 同",
    ]


def test_a_site_that_was_cut_short_differs(tmp_path):
    for name, text in (("one", "ab"), ("two", "a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page").write_text(text)
    assert list(differences(tmp_path / "one", tmp_path / "two")) == ["page: differs at byte 1\n  ab\n  a"]
