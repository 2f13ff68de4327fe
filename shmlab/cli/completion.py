"""Print a script that lets your shell complete what you type after `shmlab`, the names of running labs, too.

bash: `eval "$(shmlab completion bash)"` in ~/.bashrc. zsh: save the script as `_shmlab` in a folder of $fpath. fish:
save it as ~/.config/fish/completions/shmlab.fish.
"""

import argparse
from pathlib import Path

HELP = "complete commands and names with the Tab key"
EXAMPLE = 'eval "$(shmlab completion bash)"'
STATUS = "0 printed"
SHELLS = ("bash", "zsh", "fish")
NAMES = "shmlab ls 2>/dev/null | grep -o '^shmlab-[0-9a-f]*'"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell that you type in")


def run(chosen: argparse.Namespace) -> int:
    from shmlab.memory.optional_packages import needed_for

    with needed_for("for `shmlab completion`"):
        import shtab

    parser: argparse.ArgumentParser = chosen.parser
    names = shtab.cmd(NAMES)
    for command in _commands(parser):
        for action in command._actions:
            if action.dest == "name":
                action.complete = names  # type: ignore[attr-defined]
            elif action.type is Path:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(parser, chosen.shell))
    return 0


def _commands(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parsers of all commands. argparse has no public way to them; shtab goes the same."""
    return [
        command
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for command in action.choices.values()
    ]
