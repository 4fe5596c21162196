"""``orps-lsp doctor``: what it concludes from given facts, and how it survives what it examines."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from orps_lsp.cli import main
from orps_lsp.cli.doctor import _print
from orps_lsp.config import Settings
from orps_lsp.doctor import (
    Check,
    Status,
    build,
    containment,
    examine,
    folders,
    generation,
    gpu,
    model,
    processor,
    project,
)
from orps_lsp.doctor.build import Build, Device
from orps_lsp.doctor.children import ChildFailed
from orps_lsp.doctor.gpu import Gpu
from orps_lsp.doctor.processor import Processor
from orps_lsp.doctor.rebuild import Installation, command, portable_options, tuned_options
from orps_lsp.evaluation import sandbox
from orps_lsp.evaluation.project import interpreter
from orps_lsp.evaluation.protocol import SandboxUnavailable
from orps_lsp.llm.llama_cpp.probe import parse_features
from orps_lsp.llm.protocol import EngineCrashed, EngineInfo
from orps_lsp.models import resolve

PIP = Installation(Path("/env/bin/python"), "0.3.36")
AVX2 = "pni ssse3 avx avx2 fma f16c bmi2"
AVX512 = f"{AVX2} avx512f avx512cd avx512bw avx512dq avx512vl"
FULL = f"{AVX512} avx512_vnni avx512vbmi avx512_bf16"
PORTABLE = ("SSE3", "SSSE3", "AVX", "AVX2", "F16C", "FMA", "BMI2", "LLAMAFILE", "OPENMP")
ALL = (*PORTABLE, "AVX512", "AVX512_VNNI", "AVX512_VBMI", "AVX512_BF16")


def x86(flags: str) -> Processor:
    return processor.from_cpuinfo("x86-64", f"model name\t: Some CPU\nflags\t\t: {flags}\n")


def arm(features: str) -> Processor:
    return processor.from_cpuinfo("arm64", f"Features\t: {features}\n")


def built(features: Iterable[str] = PORTABLE, **values: object) -> Build:
    plain = Build("0.3.36", frozenset(features), (), False, ())
    return replace(plain, **values)  # type: ignore[arg-type]


def options(*extra: str) -> str:
    return 'CMAKE_ARGS="' + " ".join(["-DGGML_NATIVE=OFF", "-DLLAVA_BUILD=OFF", *extra]) + '"'


# -- processor and build


def test_a_feature_counts_if_every_core_has_all_of_its_flags() -> None:
    little = f"flags : {AVX2}\n"
    both = processor.from_cpuinfo("x86-64", f"flags : {AVX512}\n\n{little}")
    assert both.features is not None
    assert "AVX2" in both.features
    assert "AVX512" not in both.features
    # VNNI is an addition to AVX-512: without all of that it cannot be had.
    assert x86(f"{AVX2} avx512f avx512_vnni").features == x86(AVX2).features


def test_macos_tells_with_other_names() -> None:
    apple = processor.from_sysctl(
        "arm64",
        "machdep.cpu.brand_string: Apple M2\nhw.optional.arm.FEAT_DotProd: 1\n"
        "hw.optional.arm.FEAT_I8MM: 1\nhw.optional.arm.FEAT_SME: 0\n",
    )
    assert apple.name == "Apple M2"
    assert apple.features == {"NEON", "ARM_FMA", "DOTPROD", "MATMUL_INT8"}
    intel = processor.from_sysctl(
        "x86-64",
        "machdep.cpu.features: SSE3 SSSE3 FMA AVX1.0 F16C\n"
        "machdep.cpu.leaf7_features: BMI2 AVX2\nsysctl.proc_translated: 1\n",
    )
    assert intel.features == x86(AVX2).features
    found = processor.check(intel)
    assert found.status is Status.WARNING
    assert "arm64" in found.advice


@pytest.mark.parametrize(
    ("cpu", "features", "unused", "wanted"),
    [
        (
            x86(FULL),
            PORTABLE,
            "AVX-512, AVX-512 VNNI",
            options(
                "-DGGML_AVX512=ON",
                "-DGGML_AVX512_VBMI=ON",
                "-DGGML_AVX512_VNNI=ON",
                "-DGGML_AVX512_BF16=ON",
            ),
        ),
        (x86(AVX512), PORTABLE, "AVX-512", options("-DGGML_AVX512=ON")),
        (x86(f"{AVX2} avx_vnni"), PORTABLE, "AVX-VNNI", options("-DGGML_AVX_VNNI=ON")),
        (x86(AVX2), ("SSE3", "SSSE3"), "AVX2, F16C, FMA", options()),
        (
            x86(f"{FULL} amx_tile amx_int8"),
            (*PORTABLE, "AVX512"),
            "AVX-512 VNNI",
            options(
                "-DGGML_AVX512=ON",
                "-DGGML_AVX512_VBMI=ON",
                "-DGGML_AVX512_VNNI=ON",
                "-DGGML_AVX512_BF16=ON",
            ),
        ),
        (
            arm("fp asimd asimdhp asimddp i8mm sve"),
            ("NEON", "ARM_FMA"),
            "DOTPROD, I8MM, SVE",
            options("-DGGML_CPU_ARM_ARCH=armv8.2-a+fp16+dotprod+i8mm+sve"),
        ),
    ],
)
def test_what_the_build_leaves_unused_comes_with_the_command(
    cpu: Processor, features: Iterable[str], unused: str, wanted: str
) -> None:
    found = build.check(built(features), cpu, PIP)
    assert found.status is Status.WARNING
    assert f"does not use {unused} of" in found.found
    (line,) = (line for line in found.advice.splitlines() if line.startswith("    "))
    assert wanted in line
    assert "AMX" not in line


def test_the_warning_about_native_builds_names_amx_where_it_is_announced() -> None:
    amx = x86(f"{FULL} amx_tile amx_int8")
    assert "announces AMX" in build.check(built(), amx, PIP).advice
    assert "announces AMX" not in build.check(built(), x86(FULL), PIP).advice
    complete = build.check(built(ALL), amx, PIP)
    assert complete.status is Status.OK
    assert "AMX is left out" in complete.found


@pytest.mark.parametrize(
    ("cpu", "features"),
    [
        (x86(AVX2), PORTABLE),
        (x86(FULL), ALL),
        (x86(f"{FULL} avx_vnni"), ALL),  # the narrower form of the same
        (arm("asimd asimddp"), ("NEON", "ARM_FMA", "DOTPROD")),
        (Processor("riscv64"), ("RISCV_V",)),
        (Processor("x86-64"), PORTABLE),  # a system that does not tell
    ],
)
def test_a_fitting_build_needs_no_advice(cpu: Processor, features: Iterable[str]) -> None:
    assert build.check(built(features), cpu, PIP).status is Status.OK


def test_a_build_that_wants_too_much_is_an_error() -> None:
    found = build.check(built(ALL), x86(f"{AVX2} avx512f"), PIP)
    assert found.status is Status.ERROR
    assert "AVX-512 VNNI" in found.found
    assert options() in found.advice


def test_what_even_the_portable_build_must_leave_out() -> None:
    assert portable_options(x86("pni ssse3 avx"))[2:] == (
        "-DGGML_AVX2=OFF",
        "-DGGML_FMA=OFF",
        "-DGGML_F16C=OFF",
        "-DGGML_BMI2=OFF",
    )
    assert tuned_options(x86(AVX2)) == portable_options(x86(AVX2))


def test_the_command_suits_whatever_installed_the_package() -> None:
    assert command(("-DA=ON", "-DB=OFF"), PIP) == (
        'CMAKE_ARGS="-DA=ON -DB=OFF" /env/bin/python -m pip install --force-reinstall --no-deps '
        "--no-cache-dir --no-binary llama-cpp-python llama-cpp-python==0.3.36"
    )
    clone = Installation(Path("/my env/python"), "0.3.36", uv=True, clone=Path("/my clone"))
    assert command(("-DA=ON",), clone) == (
        "cd '/my clone' && CMAKE_ARGS=\"-DA=ON\" uv pip install --python '/my env/python' "
        "--reinstall-package llama-cpp-python --no-deps --no-cache --no-binary llama-cpp-python "
        "llama-cpp-python==0.3.36"
    )
    missing = Installation(Path("/env/bin/python"))
    assert command((), missing).endswith(" llama-cpp-python")


def test_the_build_s_own_line_is_understood() -> None:
    line = "CUDA : ARCHS = 900 | USE_GRAPHS = 1 | CPU : SSE3 = 1 | AVX = 0 | AVX2 = 1 | "
    assert parse_features(line) == {"CUDA": ["ARCHS", "USE_GRAPHS"], "CPU": ["SSE3", "AVX2"]}


# -- a probe that dies


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV: it touched memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "SIGILL: it used an instruct"),
        ("import sys; print('x', file=sys.stderr); sys.exit(3)", "ended with status 3: x."),
        ("print('no json')", "makes no sense: 'no json'"),
        ("print('[]')", "makes no sense"),
        ('print(\'{"version": 1, "features": []}\')', "makes no sense"),
        ("raise ImportError('libcuda.so.1')", "ImportError: libcuda.so.1"),
        ("import time; time.sleep(600)", "no answer within 1 s"),
    ],
)
async def test_a_probe_that_fails_is_explained(code: str, reason: str) -> None:
    with pytest.raises(ChildFailed) as caught:
        await build.probe((sys.executable, "-c", code), 20 if "sleep" not in code else 1)
    assert reason in caught.value.message
    assert "Traceback" not in caught.value.message
    children = psutil.Process().children(recursive=True)
    assert not [child for child in children if code in child.cmdline()]


async def test_a_missing_program_is_explained() -> None:
    with pytest.raises(ChildFailed, match="cannot be started"):
        await build.probe(("/nonexistent/python",))


# -- graphics cards


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.mark.usefixtures("no_tools")
async def test_the_kernel_tells_which_cards_there_are(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t NVIDIA RTX A2000\n",
            "dev/kfd": "",
            "sys/class/kfd/kfd/topology/nodes/0/properties": "simd_count 0\ngfx_target_version 0\n",
            "sys/class/kfd/kfd/topology/nodes/1/properties": "gfx_target_version 90010\n",
            "sys/class/drm/card0/device/vendor": "0x10de\n",
            "sys/class/drm/card1/device/vendor": "0x8086\n",
            "sys/class/drm/card2/device/vendor": "0x1af4\n",
        },
    )
    assert await gpu.find(root) == (
        Gpu("nvidia", "NVIDIA RTX A2000", driver=True),
        Gpu("amd", driver=True, target="gfx90a"),
        Gpu("intel"),
    )
    assert await gpu.find(tmp_path / "nothing") == ()


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("echo 'NVIDIA H200, 550.1'", (Gpu("nvidia", "NVIDIA H200", driver=True),)),
        ("echo 'no driver' >&2; exit 9", ()),
    ],
)
@pytest.mark.usefixtures("no_tools")
async def test_nvidia_s_program_is_asked_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, expected: tuple[Gpu, ...]
) -> None:
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{output}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    assert await gpu.find(tmp_path) == expected


@pytest.mark.parametrize(
    ("card", "wanted"),
    [
        (Gpu("nvidia", "NVIDIA H200", driver=True), ["-DGGML_CUDA=ON", "-DGGML_VULKAN=ON"]),
        (
            Gpu("amd", driver=True, target="gfx1100"),
            ["-DGGML_HIP=ON -DGPU_TARGETS=gfx1100", "-DGGML_VULKAN=ON"],
        ),
        (Gpu("amd"), ["-DGGML_VULKAN=ON"]),
        (Gpu("apple", "GPU", driver=True), ["-DGGML_METAL=ON"]),
    ],
)
def test_a_card_that_the_build_cannot_use_comes_with_the_command(
    card: Gpu, wanted: list[str]
) -> None:
    found = gpu.check((card,), built(), -1, x86(AVX2), PIP)
    assert found.status is Status.WARNING
    lines = [line for line in found.advice.splitlines() if line.startswith("    ")]
    assert len(lines) == len(wanted)
    for line, expected in zip(lines, wanted, strict=True):
        assert options(expected) in line
    chosen = gpu.check((card,), built(), 0, x86(AVX2), PIP)
    assert chosen.status is Status.OK  # the user wants none


def test_a_card_that_is_used_is_named_with_its_memory() -> None:
    device = Device("CUDA0", "NVIDIA H200", "gpu", 100 * 10**9, 150 * 10**9)
    host = Device("CPU", "CPU", "cpu", 10**9, 10**9)
    build_ = built(gpu_offload=True, devices=(host, device))
    cards = (Gpu("nvidia", "NVIDIA H200", driver=True),)
    found = gpu.check(cards, build_, -1, x86(AVX2), PIP)
    assert found.status is Status.OK
    assert found.found == "NVIDIA H200 (CUDA0), 100.0 GB of 150.0 GB free"
    blind = gpu.check(cards, replace(build_, devices=(host,)), -1, x86(AVX2), PIP)
    assert blind.status is Status.WARNING
    assert "nvidia-smi" in blind.advice


# -- model and memory


@pytest.fixture
def empty_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ORPS_LSP_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def test_a_missing_model_comes_with_the_command(empty_models: Path) -> None:
    found = model.check(resolve("qwen2.5-coder-0.5b"), "qwen2.5-coder-0.5b")
    assert found.status is Status.ERROR
    assert "    orps-lsp models pull qwen2.5-coder-0.5b" in found.advice.splitlines()


def test_a_file_of_the_wrong_size_is_an_error(empty_models: Path) -> None:
    target = resolve("smollm2-135m")
    empty_models.mkdir()
    target.path.write_bytes(b"GGUF")
    found = model.check(target, "smollm2-135m")
    assert found.status is Status.ERROR
    assert "has 4" in found.found


def test_too_little_memory_is_a_warning(
    empty_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = resolve("qwen2.5-coder-0.5b")
    assert target.model
    need = target.model.memory_mb << 20

    class Memory:
        total = 2 * need
        available = need - 1

    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory)
    found = model.check_memory(target, (), Settings())
    assert found.status is Status.WARNING
    card = Device("CUDA0", "a card", "gpu", 10**9, 10**9)
    assert model.check_memory(target, (card,), Settings()).status is Status.OK
    assert model.check_memory(target, (card,), Settings(gpu_layers=0)).status is Status.WARNING
    Memory.available = need
    assert model.check_memory(target, (), Settings()).status is Status.OK


def test_an_unknown_file_s_memory_is_estimated_from_its_size(tmp_path: Path) -> None:
    file = tmp_path / "own.gguf"
    file.write_bytes(b"GGUF" + bytes(1_000_000))
    assert model.needed_bytes(resolve(str(file))) > file.stat().st_size


# -- generation


class DyingEngine:
    """Fails as the real client reports a child that died."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.closed = False

    async def start(self) -> EngineInfo:
        raise self.error

    async def close(self) -> None:
        self.closed = True


async def test_a_crash_of_the_engine_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = DyingEngine(EngineCrashed("The model's process ended with signal 4."))
    monkeypatch.setattr(generation, "create_engine", lambda settings: engine)
    found = await generation.check(Settings(), x86(AVX2), PIP)
    assert found.status is Status.ERROR
    assert "signal 4 (SIGILL: it used an instruction" in found.found
    assert options() in found.advice
    assert engine.closed


# -- sandbox, project, folders


@pytest.mark.parametrize(
    ("works", "level", "status", "words"),
    [
        (("bubblewrap", "landlock"), "auto", Status.OK, "bubblewrap; landlock works too"),
        (("bubblewrap",), "auto", Status.OK, "landlock does not: it is broken"),
        (("landlock",), "auto", Status.WARNING, "bubblewrap does not: it is broken"),
        (("landlock",), "landlock", Status.OK, "landlock"),
        (("landlock",), "bubblewrap", Status.ERROR, "none works"),
        ((), "auto", Status.ERROR, "none works"),
        ((), "none", Status.WARNING, "all of your rights"),
    ],
)
async def test_the_sandbox_that_works_is_named(
    monkeypatch: pytest.MonkeyPatch,
    works: tuple[str, ...],
    level: str,
    status: Status,
    words: str,
) -> None:
    async def choose(name: str) -> object:
        if name not in works:
            raise SandboxUnavailable(f"{name}: it is broken.")
        return object()

    monkeypatch.setattr(sandbox, "choose", choose)
    found = await containment.check(level)
    assert found.status is status
    assert words in found.found
    assert bool(found.advice) is (status is not Status.OK)


@pytest.mark.parametrize(
    ("tools", "switches", "wanted"),
    [
        (["apt-get"], {}, "    sudo apt install bubblewrap"),
        ([], {}, "Install the package `bubblewrap`."),
        (
            ["bwrap"],
            {"kernel/apparmor_restrict_unprivileged_userns": "1\n"},
            "    sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (
            ["bwrap"],
            {"user/max_user_namespaces": "0\n", "kernel/unprivileged_userns_clone": "1\n"},
            "    sudo sysctl -w user.max_user_namespaces=15000",
        ),
    ],
)
def test_what_helps_bubblewrap(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tools: list[str],
    switches: dict[str, str],
    wanted: str,
) -> None:
    monkeypatch.setattr(containment.shutil, "which", lambda tool: tool if tool in tools else None)
    tree(tmp_path / "sys", switches)
    assert wanted in containment.remedy(tmp_path).splitlines()


async def test_a_project_without_pytest_is_told_about(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    home = Path(sys.base_prefix) / "bin"
    (tmp_path / "pyvenv.cfg").write_text(f"home = {home}\ninclude-system-site-packages = false\n")
    python = tmp_path / "bin" / "python"
    bare = await interpreter.find(tmp_path, str(python))
    found = await project.check_pytest(bare)
    assert found.status is Status.WARNING
    assert f"    {python} -m pip install pytest" in found.advice.splitlines()
    ours = await project.check_pytest(await interpreter.find(tmp_path, environ={}))
    assert ours == Check("pytest", Status.OK, pytest.__version__)


async def test_a_broken_environment_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    found = project.check_interpreter(await interpreter.find(tmp_path, environ={}))
    assert found.status is Status.WARNING
    assert ".venv was passed over" in found.found


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for needed, status in ((None, Status.WARNING), (0, Status.ERROR)):
        found = folders.check("models_folder", file / "models", "VARIABLE", needed=needed)
        assert found.status is status
        assert "VARIABLE" in found.advice
    assert not (tmp_path / "new").exists()
    folders.check("models_folder", tmp_path / "new" / "models", "VARIABLE", needed=0)
    assert not (tmp_path / "new").exists()  # looking leaves nothing


def test_a_disk_that_is_too_small_for_the_model(tmp_path: Path) -> None:
    found = folders.check("models_folder", tmp_path, "VARIABLE", needed=1 << 60)
    assert found.status is Status.ERROR
    assert "the model takes" in found.found


# -- all of it

CRASHES = (sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")


async def test_one_failing_check_does_not_stop_the_others(
    empty_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Check:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(model, "check_memory", fail)
    told: list[tuple[str, Check | None]] = []
    settings = Settings(model="smollm2-135m", sandbox="none")
    report = await examine(
        settings, tmp_path, listen=lambda *event: told.append(event), probe=CRASHES
    )
    assert not report.ready
    checks = {check.name: check for check in report.checks}
    assert list(checks) == [
        *("processor", "llama_cpp", "model", "memory", "sandbox"),
        *("interpreter", "pytest", "cache_folder", "models_folder", "settings"),
    ]
    assert "SIGSEGV" in checks["llama_cpp"].found
    assert "llama-cpp-python" in checks["llama_cpp"].advice
    assert checks["memory"].status is Status.ERROR
    assert "ZeroDivisionError: division by zero" in checks["memory"].found
    assert [name for name, check in told if check is None] == list(checks)
    assert tuple(check for _, check in told if check) == report.checks


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """``orps-lsp doctor`` with the scripted engine, in a folder of its own."""
    answers = tmp_path / "script.json"
    answers.write_text(json.dumps({"answers": ["x"]}))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[tool.orps]\nsecond = 1\n")
    monkeypatch.chdir(folder)
    engine = ["--engine", "scripted", "--script", str(answers), "--sandbox", "none"]
    return lambda *arguments: main(["doctor", *engine, *arguments])


def test_json_has_a_stable_shape(
    script: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"ready", "orps_lsp", "python", "platform", "checks"}
    assert report["ready"] is True
    assert all(set(check) == {"name", "status", "found", "advice"} for check in report["checks"])
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["processor"]["status"] == "ok"
    assert "no model runs" in checks["generation"]["found"]
    assert checks["settings"]["status"] == "warning"
    assert "did you mean 'seconds'" in checks["settings"]["found"]
    assert all(check["advice"] for check in report["checks"] if check["status"] != "ok")


def test_lines_for_people_and_the_exit_code(
    script: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "Ready: refining works here."
    assert any(line.startswith("! settings") for line in lines)
    assert script("--script", str(tmp_path / "missing.json")) == 1
    out, err = capsys.readouterr()
    assert any(line.startswith("✗ generation") for line in out.splitlines())
    assert "Traceback" not in out + err
    assert script("--seconds", "-1") == 2


def test_a_terminal_wraps_sentences_and_no_commands() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=60, color_system=None)
    sentence, long_command = "words " * 20, "command " * 20
    _print(console, Check("gpu", Status.WARNING, sentence, f"Do it:\n    {long_command}"))
    lines = screen.getvalue().splitlines()
    assert lines[0].startswith("! graphics card  words")
    assert lines[1].startswith(" " * 17 + "words")
    assert f"    {long_command}".rstrip() in [line.rstrip() for line in lines]
    assert all(len(line.rstrip()) <= 60 for line in lines[:-1])


def test_signals_that_exist_only_elsewhere_are_numbers() -> None:
    from orps_lsp.doctor.children import status_in_words

    assert status_in_words(-200) == "signal 200"
    assert status_in_words(-signal.SIGUSR1) == "SIGUSR1"
    assert status_in_words(os.EX_OK) == "status 0"
