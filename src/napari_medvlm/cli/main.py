"""The command line: picks the command, prints errors as one line."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import MedvlmError
from ..safe_text import visible

#: command -> (module, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "open napari with a phantom and ask the toy model about it"),
    "ask": ("ask", "ask a model about a scan or a clip"),
    "read": ("read", "say what a file or folder holds: series, geometry, remarks"),
    "convert": ("convert", "write one series of a file or folder as NIfTI"),
    "export": ("export", "list kept conversations; write them as Markdown, HTML, JSON or CSV"),
    "journal": ("journal", "say where conversations are kept, or wipe them"),
    "replay": ("replay", "run a kept turn again, and compare the answers"),
    "models": ("models", "list the known models; get, pack, check and use them"),
    "plan": ("plan", "reckon the memory that a question needs, before anything is loaded"),
    "verify": ("verify", "compare this installation with an oracle folder"),
    "bench": ("bench", "measure; `bench demo-model` scores the toy model on new phantoms"),
}

EXIT_OK, EXIT_FAILED, EXIT_USER_ERROR, EXIT_INTERRUPTED = 0, 1, 2, 130


class _OneLineParser(argparse.ArgumentParser):
    """Prints a usage mistake as one line, as every other mistake is."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(EXIT_USER_ERROR, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser(command: str | None) -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog="medvlm",
        description="Ask a medical vision-language model about a scan. Not for diagnosis.",
    )
    parser.add_argument("--version", action="version", version=f"medvlm {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, (module, line) in COMMANDS.items():
        sub = commands.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        if name == command:  # only the chosen command's module is imported
            importlib.import_module(f".{module}", __package__).add_arguments(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``medvlm``.

    Parameters
    ----------
    argv
        Arguments after the program's name; None takes them from the shell.

    Returns
    -------
    int
        0 done; 1 the check or answer failed; 2 a mistake the user can mend, told in one
        line on stderr; 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = next((a for a in arguments if a in COMMANDS), None)
    parser = _parser(command)
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return EXIT_USER_ERROR
    module = importlib.import_module(f".{COMMANDS[options.command][0]}", __package__)
    try:
        code: int = module.run(options)
        sys.stdout.flush()
        return code
    except MedvlmError as error:
        words = visible(" ".join(str(error).split()))
        print(f"medvlm {options.command}: {words}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print(f"medvlm {options.command}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`medvlm … | head`); nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
