"""The rules of the house: who may import whom, what an import may load, how modules are called and how long they are."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GROUPS = (
    {"errors", "progress", "vocabulary", "tokenizer", "runs", "engine"},
    {"store", "workspace", "filters", "conditions", "lens", "lens_ratings", "lens_tables", "check"},
    {"ingest", "evidence"},
    {"clean", "select"},
    {"mixture"},
    {"train", "synthesize"},
    {"evaluate"},
)
"""Each part of core may import from its own group and those before it."""
TORCH_HOMES = {"evidence", "train", "evaluate", "synthesize"}
MODULES = sorted(path for top in ("core", "studio", "pages") for path in (ROOT / top).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    """Full names of imported modules, `TYPE_CHECKING` blocks left out."""

    def visit(body: list[ast.stmt]) -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{name_of(path)} imports by a relative name, which hides the direction"
                yield node.module or ""
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                yield from visit(node.orelse)
            elif not (top_level_only and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))):
                for branch in ("body", "orelse", "finalbody"):
                    yield from visit(getattr(node, branch, []))
                for part in (*getattr(node, "handlers", []), *getattr(node, "cases", [])):
                    yield from visit(part.body)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")).body)


def group_of(part: str) -> int:
    return next(index for index, group in enumerate(GROUPS) if part in group)


def test_every_part_of_core_has_its_place_in_the_order() -> None:
    parts = {
        path.stem if path.is_file() else path.name
        for path in (ROOT / "core").iterdir()
        if not path.name.startswith("__")
    }
    assert parts - {"sql"} <= set().union(*GROUPS)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_in_one_direction(path: Path) -> None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    for module in imports(path):
        target = module.split(".")
        if target[0] not in ("core", "studio", "pages", "tests", "sample_data"):
            continue
        assert target[0] != "tests", f"{module} is a test"
        if parts[0] == "core":
            assert target[0] == "core", f"core may not import {module}"
            if parts[1] != "__init__" and len(target) > 1 and target[1] != "__version__":
                assert group_of(target[1]) <= group_of(parts[1]), f"{parts[1]} may not import {target[1]}"
        elif parts[0] == "studio":
            assert target[0] != "pages", f"studio may not import {module}"
        else:
            assert target[0] != "pages", f"a page may not import another page: {module}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_torch_lives_only_where_models_are(path: Path) -> None:
    parts = path.relative_to(ROOT).parts
    loads = {module.split(".")[0] for module in imports(path)} & {"torch", "torchvision", "transformers", "open_clip"}
    assert not loads or (parts[0] == "core" and parts[1] in TORCH_HOMES), f"{name_of(path)} imports {sorted(loads)}"


@pytest.mark.parametrize(
    "package", ["core", "core.lens", "core.select.methods", "core.mixture.recipe", "core.runs.child", "studio.cli"]
)
def test_importing_loads_nothing_heavy(package: str) -> None:
    heavy = {"torch", "transformers", "lancedb", "streamlit", "umap", "numba", "sklearn", "plotly"}
    code = f"import sys, {package}; print(sorted(set(sys.modules) & {heavy!r}))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.strip() == "[]"


def test_the_process_of_a_run_starts_from_the_standard_library_alone() -> None:
    code = "import sys, core.runs.folder, core.errors; print(sorted({m.split('.')[0] for m in sys.modules} - sys.stdlib_module_names))"
    bare = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert bare.returncode == 0, bare.stderr


@pytest.mark.parametrize("path", [path for path in MODULES if path.relative_to(ROOT).parts[0] != "core"], ids=name_of)
def test_no_file_streamlit_puts_first_on_the_path_bears_a_standard_modules_name(path: Path) -> None:
    if path.parent in (ROOT / "studio", ROOT / "pages") and path.stem != "__init__":
        assert path.stem not in sys.stdlib_module_names


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_keep_one_subject(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", sorted((ROOT / "core" / "sql").glob("*.sql")), ids=name_of)
def test_every_sql_file_asks_one_question_on_its_first_line(path: Path) -> None:
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    assert first.startswith("-- ")
    assert first.endswith("?")
    assert sum(line.rstrip().endswith(";") for line in rest) <= 1


@pytest.mark.parametrize("path", [path for path in MODULES if path.relative_to(ROOT).parts[0] == "pages"], ids=name_of)
def test_pages_hold_no_sql_no_caching_and_no_raw_session_state(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for word in ("session_state", "cache_data", "cache_resource", "SELECT "):
        assert word not in text, f"{name_of(path)} holds {word}"
