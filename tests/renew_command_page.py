"""Write docs/command.md from the command's own parser: `python -m tests.renew_command_page`.

The text is made from what the parser knows, not from its `--help`, which another Python sets in another way.
"""

import argparse
import inspect

from shmlab import cli
from tests.clone import ROOT

PAGE = ROOT / "docs/command.md"
HEAD = """# The command

`shmlab` does from a terminal what needs no notebook. Where it is not found, it is in the environment:
`.venv/bin/shmlab`, or with that environment's Python `python -m shmlab`.

*Written by `python -m tests.renew_command_page` from what the command says of itself.*
"""


def page() -> str:
    """The whole page."""
    whole = cli.parser()
    (commands,) = (action for action in whole._actions if isinstance(action, argparse._SubParsersAction))
    says = {action.dest: action.help for action in commands._choices_actions}
    table = ["| verb | what it does |", "|---|---|"]
    table += [f"| [`{name}`](#shmlab-{name}) | {says[name]} |" for name in commands.choices]
    ending = (whole.epilog or "").replace("exit status:", "**Exit status:**")
    parts = [HEAD, "\n".join(table), ending, *(verb(name, one) for name, one in commands.choices.items())]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def verb(name: str, parser: argparse.ArgumentParser) -> str:
    """The part on one verb: what it does, how it is called, what each argument means, an example."""
    actions = [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]
    call = " ".join([f"shmlab {name}", *map(in_call, sorted(actions, key=lambda action: bool(action.option_strings)))])
    parts = [f"## shmlab {name}", inspect.cleandoc(parser.description or ""), f"```text\n{call}\n```"]
    if actions:
        rows = [f"| `{in_table(action)}` | {meaning(action)} |" for action in actions]
        parts.append("\n".join(["| argument | meaning |", "|---|---|", *rows]))
    _, _, last = (parser.epilog or "").partition("example: `")
    example, _, status = last.partition("`. exit status: ")
    if example not in ("", call):
        parts.append(f"For example:\n\n```sh\n{example}\n```")
    parts.append(f"**Exit status:** {status}")
    return "\n\n".join(parts)


def in_call(action: argparse.Action) -> str:
    """One argument as it stands in a call."""
    repeated = " ..." if action.nargs in ("+", "*", argparse.REMAINDER) else ""
    if not action.option_strings:
        return f"[{value(action)}{repeated}]" if action.nargs in ("?", "*") else value(action) + repeated
    inner = " ".join(filter(None, [action.option_strings[-1], value(action)])) + repeated
    return inner if action.required else f"[{inner}]"


def in_table(action: argparse.Action) -> str:
    """One argument as one looks for it: all its spellings."""
    return " ".join(filter(None, [", ".join(action.option_strings), value(action)])).replace("|", "\\|")


def value(action: argparse.Action) -> str:
    """What stands for the value; "" where there is none."""
    if action.nargs == 0:
        return ""
    if action.choices and not action.metavar:
        return "{" + ",".join(map(str, action.choices)) + "}"
    if isinstance(action.metavar, tuple):
        return " ".join(action.metavar)
    return action.metavar or (action.dest.upper() if action.option_strings else action.dest)


def meaning(action: argparse.Action) -> str:
    """What it means, and what holds without it."""
    if not action.help:
        raise ValueError(f"{in_call(action)} has no help: say in the verb's file what it means.")
    usual = action.default
    said = "" if usual in (None, False, argparse.SUPPRESS) or action.nargs == 0 else f"; without it {usual}"
    return (action.help.replace("%(default)s", str(usual)) + said).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
