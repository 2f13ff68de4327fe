"""`shmlab completion`: complete commands and names with the Tab key."""

import click
from click.shell_completion import get_completion_class

from shmlab.cli.verb import verb

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_SHMLAB_COMPLETE"  # the shell's script sets it, and asks for what may come next


@verb(
    "complete commands and names with the Tab key", example='eval "$(shmlab completion bash)"', status="0 printed"
)
@click.argument("shell", type=click.Choice(SHELLS), help="the shell that you type in")
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print a script that lets your shell complete what you type after `shmlab`, the names of running labs, too.

    bash: `eval "$(shmlab completion bash)"` in ~/.bashrc. zsh: save the script as `_shmlab` in a folder of $fpath.
    fish: save it as ~/.config/fish/completions/shmlab.fish.
    """
    kind = get_completion_class(shell)
    assert kind
    print(kind(ctx.find_root().command, {}, "shmlab", VARIABLE).source())
    return 0
