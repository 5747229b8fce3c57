"""Build: cached by content, strict, with diagnostics that name the line of the source."""

import re
from pathlib import Path

import pytest

from tests.mql5.builder.build import BuildError, build, build_text, translated
from tests.mql5.builder.compiler import CompilerError, find
from tests.mql5.host.binding.driver import NativeExpert
from tests.mql5.host.binding.host import Host

# One line each, with the message of g++ or clang. MetaEditor warns of the A lines and rejects the others.
STRICT = {
    "void A1(const long x) { double y=x; Print(y); }": "may change value|may lose precision",
    "void A2(const double x) { int y=x; Print(y); }": "may change value|turns floating-point number into int",
    "void A3(const long x) { int y=x; Print(y); }": "may change value|loses integer precision",
    "void A4(const ulong x,const double z) { Print(x*z); }": "may change value|may lose precision",
    "void A5(const int x,const uint y) { Print(x<y); }": "different signedness|different signs",
    "void A6(const int x) { if(x>0) { int x=1; Print(x); } }": "shadows",
    "void A7(void) { int unused=1; }": "unused variable",
    "void A8(uchar &b[]) { SocketSend(1,b,1); }": "nodiscard",
    "void B1(const string s) { int x=s; Print(x); }": "cannot convert|no viable conversion",
    "void B2(const string s) { if(s) Print(s); }": "could not convert|not contextually convertible",
    "void B3(void) { ENUM_ORDER_TYPE x=1; Print(x); }": "invalid conversion|cannot initialize",
    "void B4(void) { Print(PositionGetInteger(POSITION_VOLUME)); }": "no matching function|cannot convert",
    'void B5(const int x) { string s="a"+x; Print(s); }': "no match for|invalid operands",
    "void B6(const string s) { switch(s) { case 1: break; } }": "not an integer|expression of integer type",
    "void B7(C *p) { p++; }": "no .operator|cannot increment",
    "int B8(const C *p) { return(p.Change()); }": "discards qualifiers|not marked const|drops",
    "void B9(const int &a[]) { a[0]=1; }": "read-only|const",
}


def test_line_that_metaeditor_rejects_is_refused(tmp_path: Path) -> None:
    lines = ["class C { public: int Change(void) { return(1); } };", *STRICT]
    (tmp_path / "part.mqh").write_text("\n".join(lines) + "\n", encoding="utf-8")
    main = tmp_path / "strict.mq5"
    main.write_text('#include "part.mqh"\n', encoding="utf-8")
    with pytest.raises(BuildError) as refused:
        build_text(translated(main).text, "strict", cache=tmp_path)
    output = str(refused.value).splitlines()
    for number, (line, message) in enumerate(STRICT.items(), start=2):
        where = f"{(tmp_path / 'part.mqh').as_posix()}:{number}:"
        here = [one for one in output if one.startswith(where) and "error:" in one]
        assert any(re.search(message, one) for one in here), f"{line}: {here}"


def test_lint_runs_before_the_compiler(tmp_path: Path) -> None:
    main = tmp_path / "a.mq5"
    main.write_text("int g_x=010;\n", encoding="utf-8")
    with pytest.raises(BuildError, match=r"a\.mq5:1: number 010; C\+\+ reads it as octal, .* \[octal\]"):
        build(main, cache=tmp_path / "cache")


def test_same_source_is_compiled_once(tmp_path: Path) -> None:
    main = tmp_path / "a.mq5"
    main.write_text("int OnInit(void) { return(7); }\n", encoding="utf-8")
    first = build(main, cache=tmp_path / "cache")
    again = build(main, cache=tmp_path / "cache")
    assert (first.fresh, again.fresh) == (True, False)
    assert first.library == again.library
    with NativeExpert(again.library, Host()) as expert:
        assert expert._loaded.init() == (0, 7)
    assert folders(tmp_path / "cache") == [first.library.parent.name]


def folders(cache: Path) -> list[str]:
    return [path.name for path in cache.iterdir() if path.is_dir()]


def test_changed_include_leads_to_another_library(tmp_path: Path) -> None:
    main, part = tmp_path / "a.mq5", tmp_path / "sub" / "part.mqh"
    part.parent.mkdir()
    main.write_text('#include "sub/part.mqh"\nint OnInit(void) { return(CODE); }\n', encoding="utf-8")
    for number in (7, 8, 7):
        part.write_text(f"#define CODE {number}\n", encoding="utf-8")
        with NativeExpert(build(main, cache=tmp_path / "cache").library, Host()) as expert:
            assert expert._loaded.init() == (0, number)
    assert len(folders(tmp_path / "cache")) == 2


def test_lost_library_is_compiled_again(tmp_path: Path) -> None:
    main = tmp_path / "a.mq5"
    main.write_text("int OnInit(void) { return(7); }\n", encoding="utf-8")
    build(main, cache=tmp_path / "cache").library.unlink()
    assert build(main, cache=tmp_path / "cache").library.exists()


def test_unreadable_include_is_a_build_error(tmp_path: Path) -> None:
    main = tmp_path / "a.mq5"
    main.write_text("#include <None.mqh>\n", encoding="utf-8")
    with pytest.raises(BuildError, match=r"a\.mq5:1: file .* cannot be read"):
        build(main, cache=tmp_path)


def test_broken_macro_is_a_build_error(tmp_path: Path) -> None:
    main = tmp_path / "a.mq5"
    main.write_text("#define A(x) \\\n  (`x)\n", encoding="utf-8")
    with pytest.raises(BuildError, match=r"a\.mq5:1: character '`'; .*; remove it"):
        build(main, cache=tmp_path)


def test_missing_compiler_is_reported_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", str(tmp_path / "none"))
    with pytest.raises(CompilerError, match="install c\\+\\+"):
        find(tmp_path)
