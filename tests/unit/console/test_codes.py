"""The code of a paper says where its event is, and what digest the paper claims."""

from __future__ import annotations

from gateway.console import codes


def test_the_digest_stands_where_no_browser_sends_it() -> None:
    found = codes.address("https://bus.example", "a/b?c#d", "0f")
    assert found == "https://bus.example/console/search?text=a%2Fb%3Fc%23d#leaf=0f"
    assert "#" not in codes.address("https://bus.example", "x", "")


def test_a_code_is_svg_that_the_policy_of_a_page_lets_be_drawn() -> None:
    svg = str(codes.drawn("x" * 300, "QR <&>"))
    assert svg.startswith("<svg ")
    assert "style=" not in svg
    assert "<title>QR &lt;&amp;&gt;</title>" in svg


def test_what_is_long_is_coded_too() -> None:
    assert "<path" in codes.drawn("x" * 1500, "QR")
