import io

import pytest
from rich.console import Console

from training.console import say, say_left_out


def test_names_of_files_neither_break_a_line_nor_control_the_terminal() -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=20)

    say(console, "😀 [red]é\u00a0x/a\nb\r\x1b[31m\u2028.jpg, and more than the width")

    shown = "😀 [red]é\u00a0x/a\ufffdb\ufffd\ufffd[31m\ufffd.jpg, and more than the width"
    assert output.getvalue() == shown + "\n"


def test_only_the_first_of_many_photos_left_out_are_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for count, lines in ((0, 0), (20, 20), (21, 21), (1332, 21)):
        say_left_out(Console(), [f"{number}.jpg: it is empty" for number in range(count)])
        shown = capsys.readouterr().out.splitlines()
        assert len(shown) == lines
        assert shown[:1] == ["left out: 0.jpg: it is empty"][:lines]
    assert shown[19:] == ["left out: 19.jpg: it is empty", "left out: and 1,312 more"]
