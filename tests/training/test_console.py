import io

from rich.console import Console

from training.console import say


def test_names_of_files_neither_break_a_line_nor_control_the_terminal() -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=20)

    say(console, "😀 [red]é\u00a0x/a\nb\r\x1b[31m\u2028.jpg, and more than the width")

    shown = "😀 [red]é\u00a0x/a\ufffdb\ufffd\ufffd[31m\ufffd.jpg, and more than the width"
    assert output.getvalue() == shown + "\n"
