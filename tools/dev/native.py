"""The native part: a C++20 compiler and Python's headers, found or got; the modules, built and put in place.

Compiler, the first that works: `$CXX`; `g++`; `clang++`; as root on Debian: g++ installed by apt-get; else that of the
`ziglang` wheel. Python's headers: this Python's own; as root on Debian: installed by apt-get; as an ordinary user: the
package fetched by apt-get into a private folder and unpacked there, which needs no privilege.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.dev.console import SetupError, run_quietly, say, step
from tools.dev.environment import Places, cache_folder, digest_of, get_installer, read_stamp, write_stamp

_PROBE = "#include <bit>\n#include <span>\n#include <version>\nint main() { return std::popcount(0u); }\n"
_ZIG_WRAPPER = """#!/bin/sh
# `zig {tool}` under the name that CMake expects; baseline processor, so that the result runs on any of its kind.
for argument do
    shift
    case "$argument" in -march=x86-64-v[234]) argument="-march=x86_64_v${{argument#-march=x86-64-v}}" ;; esac
    set -- "$@" "$argument"
done
exec "{zig}" {tool} {target} "$@"
"""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A compiler and what CMake must be told besides."""

    name: str
    compiler: str
    definitions: tuple[str, ...] = ()


def _compiles(compiler: str) -> bool:
    """Whether `compiler` (a program and its arguments) builds and links a C++20 program."""
    words = shlex.split(compiler)
    if not words or not shutil.which(words[0]):
        return False
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.cpp"
        source.write_text(_PROBE, encoding="utf-8")
        command = [*words, "-std=c++20", str(source), "-o", str(Path(folder) / "probe")]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def apt_install(packages: list[str], log: Path) -> bool:
    """Install Debian packages as root. False if this is not Debian, not root, or apt-get fails."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    try:
        with step(f"Installing Debian packages: {' '.join(packages)} 安裝系統套件"):
            run_quietly(["apt-get", "-q", "update"], log=log, environment=environment)
            command = ["apt-get", "-q", "-y", "install", "--no-install-recommends", *packages]
            run_quietly(command, log=log, environment=environment)
    except SetupError as problem:
        say(f"  {problem}")
        return False
    return True


def _headers_package() -> str:
    return f"libpython{sys.version_info.major}.{sys.version_info.minor}-dev"


def _own_headers() -> bool:
    return (Path(sysconfig.get_paths()["include"]) / "Python.h").exists()


def _headers_for_zig(places: Places) -> tuple[str, ...]:
    """Debian's Python.h includes `<machine-linux-gnu/python3.x/pyconfig.h>`, which a compiler that leaves `/usr/include`
    out does not find: give it a folder with that one entry."""
    include = Path(sysconfig.get_paths()["include"])
    part = include.parent / str(sysconfig.get_config_var("MULTIARCH")) / include.name
    if not part.is_dir():
        return ()
    entry = places.environment / "compiler" / "headers" / part.parent.name / part.name
    entry.parent.mkdir(parents=True, exist_ok=True)
    entry.unlink(missing_ok=True)
    entry.symlink_to(part)
    return (f"-DCMAKE_CXX_FLAGS=-isystem {shlex.quote(str(entry.parents[1]))}",)


def _unpacked_headers(places: Places) -> tuple[str, ...]:
    """Debian's header package in a private folder. Returns CMake definitions."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folder = cache_folder("yunhai") / f"headers-{sys.version.split()[0]}"
    include = folder / "usr" / "include"
    if not (include / version / "Python.h").exists():
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise SetupError(
                f"Python.h is missing: install the development headers of Python {version.removeprefix('python')} "
                f"(Debian: {_headers_package()}; Fedora: python3-devel), then run the same command again"
            )
        with step(f"Fetching Python's headers ({_headers_package()}) into a private folder 取得 Python 標頭檔"):
            fetch_packages(folder, [_headers_package()], places.log)
    flags = f"-isystem {shlex.quote(str(include))}"
    return (f"-DPython_INCLUDE_DIR={include / version}", f"-DCMAKE_CXX_FLAGS={flags}")


def fetch_packages(folder: Path, packages: list[str], log: Path) -> None:
    """Debian packages unpacked into `folder`, by apt-get's own download with its state kept there: signatures are checked as
    always, no privilege is needed. SetupError."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise SetupError("apt-get and dpkg-deb are not here")
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    private = [
        "apt-get",
        "-q",
        f"-oDir::State={folder / 'state'}",
        f"-oDir::Cache={folder / 'cache'}",
        "-oDir::State::status=/var/lib/dpkg/status",
    ]
    run_quietly([*private, "update"], log=log)
    run_quietly([*private, "download", *packages], log=log, cwd=folder)
    for package in folder.glob("*.deb"):
        run_quietly(["dpkg-deb", "-x", package, folder], log=log)
        package.unlink()
    shutil.rmtree(folder / "state")
    shutil.rmtree(folder / "cache")


def _ninja(places: Places) -> Path:
    """The build program, in a folder of its own: its wheel and django-ninja's both bring a package named `ninja`."""
    folder = places.environment / "builder"
    lock = places.requirements("builder.lock")
    stamp = digest_of(lock.read_bytes())
    mark = folder / "stamp"
    if not mark.exists() or mark.read_text(encoding="utf-8") != stamp:
        options = ("--no-config", "--require-hashes", "--python", places.python, "--target", folder, "-r", lock)
        get_installer(places).run("pip", "install", *options)
        mark.write_text(stamp, encoding="utf-8")
    return folder / "bin" / "ninja"


def _zig(places: Places) -> Toolchain:
    """The compiler in the ziglang wheel, with small programs that give its tools their usual names."""
    folder = places.environment / "compiler"
    stamp = digest_of(places.requirements("compiler.lock").read_bytes())
    mark = folder / "stamp"
    if not mark.exists() or mark.read_text(encoding="utf-8") != stamp:
        with step("No C++ compiler here: installing one as a Python package (ziglang) 安裝編譯器"):
            lock = places.requirements("compiler.lock")
            get_installer(places).run(
                "pip",
                "install",
                "--no-config",
                "--require-hashes",
                "--python",
                places.python,
                "--target",
                folder,
                "-r",
                lock,
            )
            target = f"-target {os.uname().machine}-linux-gnu"
            for name, tool in (("c++", "c++"), ("ar", "ar"), ("ranlib", "ranlib")):
                wrapper = folder / f"zig-{name}"
                text = _ZIG_WRAPPER.format(
                    zig=folder / "ziglang" / "zig", tool=tool, target=target if tool == "c++" else ""
                )
                wrapper.write_text(text, encoding="utf-8")
                wrapper.chmod(0o755)
            mark.write_text(stamp, encoding="utf-8")
    definitions = (
        f"-DCMAKE_AR={folder / 'zig-ar'}",
        f"-DCMAKE_RANLIB={folder / 'zig-ranlib'}",
        "-DCMAKE_STRIP=/bin/true",
        # CMake's probes then only compile: linking one program would build the C++ library once more, for a minute.
        "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY",
    )
    return Toolchain("zig", str(folder / "zig-c++"), definitions)


def _installed_compiler() -> Toolchain | None:
    """A compiler that is on this machine already."""
    if os.environ.get("YUNHAI_COMPILER") == "zig":
        return None
    for compiler in (os.environ.get("CXX", ""), "g++", "clang++"):
        if compiler and _compiles(compiler):
            return Toolchain(Path(shlex.split(compiler)[0]).name, compiler)
    return None


def find_toolchain(places: Places) -> Toolchain:
    """A working compiler with Python's headers, got if need be."""
    forced = os.environ.get("YUNHAI_COMPILER") == "zig"
    toolchain = _installed_compiler()
    missing = ([] if toolchain or forced else ["g++"]) + ([] if _own_headers() else [_headers_package()])
    if missing and apt_install(missing, places.log):
        toolchain = _installed_compiler()
    headers = () if _own_headers() else _unpacked_headers(places)
    if toolchain is None:
        try:
            toolchain = _zig(places)
        except SetupError as problem:
            raise SetupError(
                f"{problem}\nA C++20 compiler is missing and the ziglang package could not be installed. Install g++ 11 or "
                "later (Debian as root: apt-get install g++), or name a compiler with CXX, then run the same command again"
            ) from None
        headers = headers or _headers_for_zig(places)
    return Toolchain(toolchain.name, toolchain.compiler, (*toolchain.definitions, *headers))


def sources_digest(root: Path) -> str:
    """Digest of every native source's path and bytes."""
    files = [root / "CMakeLists.txt", *sorted(path for path in (root / "native").rglob("*") if path.is_file())]
    return digest_of(*(part for file in files for part in (str(file.relative_to(root)), file.read_bytes())))


def _modules(places: Places) -> str:
    return ",".join(sorted(path.name for path in (places.root / "src" / "yunhai" / "native").glob("*.so")))


def ensure_native(places: Places) -> None:
    """Build and place the native modules if a source, the compiler's choice or the packages changed since."""
    stamp = read_stamp(places)
    choice = f"{os.environ.get('YUNHAI_COMPILER', '')} {os.environ.get('CXX', '')}"
    wanted = digest_of(sources_digest(places.root), choice, stamp.get("packages", ""))
    if stamp.get("native") == wanted and stamp.get("modules") == _modules(places):
        return
    toolchain = find_toolchain(places)
    build = places.root / "build" / f"native-{toolchain.name}"
    with step(f"Building the native modules with {toolchain.name} (minutes at first use) 編譯原生模組", places.log):
        configure_and_build(places, toolchain, build, "-DCMAKE_BUILD_TYPE=Release")
        run_quietly(
            [places.python.parent / "cmake", "--install", build, "--prefix", places.root / "src"], log=places.log
        )
    write_stamp(places, {**read_stamp(places), "native": wanted, "modules": _modules(places)})


def configure_and_build(places: Places, toolchain: Toolchain, build: Path, *definitions: str) -> None:
    """CMake's two steps, incremental. A folder configured for another Python or compiler is made anew."""
    programs = places.python.parent
    configure = [
        str(programs / "cmake"),
        *("-S", str(places.root), "-B", str(build), "-G", "Ninja"),
        f"-DCMAKE_MAKE_PROGRAM={_ninja(places)}",
        f"-DPython_EXECUTABLE={places.python}",
        *toolchain.definitions,
        *definitions,
    ]
    identity = digest_of(" ".join(configure), toolchain.compiler, sys.version, read_stamp(places).get("packages", ""))
    mark = build / "yunhai-identity"
    if not mark.exists() or mark.read_text(encoding="utf-8") != identity:
        shutil.rmtree(build, ignore_errors=True)
        build.mkdir(parents=True)
        mark.write_text(identity, encoding="utf-8")
    environment = dict(os.environ, CXX=toolchain.compiler)
    environment["PATH"] = f"{programs}{os.pathsep}{environment.get('PATH', os.defpath)}"
    if toolchain.name == "zig":
        environment.setdefault("ZIG_GLOBAL_CACHE_DIR", str(cache_folder("zig")))
    run_quietly(configure, log=places.log, environment=environment)
    run_quietly([programs / "cmake", "--build", build], log=places.log, environment=environment)
