"""Write docs/command.md from the command itself: `python -m tests.renew_command_page`.

The text is made from what the command knows, not from its `--help`, which is set for a terminal.
"""

import inspect

import click

from shmlab.cli import group
from shmlab.cli.verb import ALWAYS, Verb
from tests.clone import ROOT

PAGE = ROOT / "docs/command.md"
HEAD = """# The command

`shmlab` does from a terminal what needs no notebook. Where it is not found, it is in the environment:
`.venv/bin/shmlab`, or with that environment's Python `python -m shmlab`.

*Written by `python -m tests.renew_command_page` from what the command says of itself.*
"""


def page() -> str:
    """The whole page."""
    table = ["| verb | what it does |", "|---|---|"]
    table += [f"| [`{one.name}`](#shmlab-{one.name}) | {one.short_help} |" for one in group.VERBS]
    ending = (group.whole().epilog or "").replace("exit status:", "**Exit status:**")
    return "\n\n".join(part.strip() for part in [HEAD, "\n".join(table), ending, *map(verb, group.VERBS)]) + "\n"


def verb(one: Verb) -> str:
    """The part on one verb: what it does, how it is called, what each argument means, an example."""
    params = [param for param in one.params if isinstance(param, click.Argument | click.Option)]
    call = " ".join([f"shmlab {one.name}", *map(in_call, sorted(params, key=is_option))])
    parts = [f"## shmlab {one.name}", inspect.cleandoc(one.help or ""), f"```text\n{call}\n```"]
    if params:
        rows = [f"| `{in_table(param)}` | {meaning(param)} |" for param in params]
        parts.append("\n".join(["| argument | meaning |", "|---|---|", *rows]))
    if one.example != call:
        parts.append(f"For example:\n\n```sh\n{one.example}\n```")
    parts.append(f"**Exit status:** {one.status}, {ALWAYS}.")
    return "\n\n".join(parts)


def is_option(param: click.Parameter) -> bool:
    """Options stand behind arguments."""
    return isinstance(param, click.Option)


def in_call(param: click.Parameter) -> str:
    """One argument as it stands in a call."""
    if not is_option(param):
        return value(param)
    inner = " ".join(filter(None, [param.opts[0], value(param)]))
    return inner if param.required else f"[{inner}]"


def in_table(param: click.Parameter) -> str:
    """One argument as one looks for it."""
    return " ".join(filter(None, [param.opts[0] if is_option(param) else "", value(param)])).replace("|", "\\|")


def value(param: click.Parameter) -> str:
    """What stands for the value; "" where there is none."""
    return "" if getattr(param, "is_flag", False) else param.make_metavar(click.Context(click.Command("shmlab")))


def meaning(param: click.Argument | click.Option) -> str:
    """What it means, and what holds without it."""
    if not param.help:
        raise ValueError(f"{in_call(param)} has no help: say in the verb's file what it means.")
    usual = "" if isinstance(param.default, bool) or not isinstance(param.default, int | float | str) else param.default
    return (param.help + (f"; without it {usual}" if usual != "" else "")).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
