"""Translation: the C++ of each construct, line numbers, and named refusals."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mql5.lint import check_text
from tests.mql5.translator.brackets import BracketError
from tests.mql5.translator.errors import TranslationError
from tests.mql5.translator.expressions import LiteralError
from tests.mql5.translator.lexer import LexError, lex
from tests.mql5.translator.source import Source, SourceError, load
from tests.mql5.translator.structure import StructureError
from tests.mql5.translator.translate import Translation, translate


def translated(folder: Path, text: str, **includes: str) -> Translation:
    for name, content in includes.items():
        (folder / f"{name}.mqh").write_text(content, encoding="utf-8")
    main = folder / "main.mq5"
    main.write_text(text, encoding="utf-8")
    return translate(load(main))


def body(folder: Path, statement: str, before: str) -> str:
    """Return the translation of a statement in a function, without white space."""
    text = translated(folder, f"{before}\nvoid F(void)\n{{\n{statement}\n}}\n").text
    inner = text.split("void F(void)\n{\n")[1].split("\n}\n")[0]
    return squeezed(inner)


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    ("mql", "cpp"),
    [
        ("uchar a[];", "::rt::array<uchar> a;"),
        ("int a[3];", "::rt::fixed<int, (3)> a;"),
        ("int a[2][3];", "::rt::fixed<::rt::fixed<int, (3)>, (2)> a;"),
        ("int a[]={1,2};", "::rt::array<int> a(::rt::filled,{1,2});"),
        ("int a,b[],c[2],d=1;", "int a; ::rt::array<int> b; ::rt::fixed<int, (2)> c; int d=1;"),
        ("x=B'101';", "x=5;"),
        ("static int a[],b;", "static ::rt::array<int> a; static int b;"),
        ("CFoo *p=NULL;", "::rt::ptr<CFoo> p=::rt::null;"),
        ("const CFoo *p=q;", "::rt::ptr<const CFoo> p=q;"),
        ("CFoo *a[];", "::rt::array<::rt::ptr<CFoo>> a;"),
        ("delete p;", "MQL_DELETE->* p;"),
        ("p.q.r();", "p->q->r();"),
        ("x=a/b%c;", "x=a/ MQL_DIVISOR->*b% MQL_DIVISOR->*c;"),
        ("x/=a+b;", "x/= MQL_DIVISOR %=a+b;"),
        ("x='A';", "x=ushort(65);"),
        ('s="a\\x4142";', 's=u"a\\u4142"_s;'),
        ("d=D'1970.01.02';", "d=datetime(86400);"),
        ("c=C'1,2,0x3';", "c=color(197121);"),
        ("long x=012;", "int64 x=12;"),
        ("int and_eq=1;", "int and_eq_mql=1;"),
        ("MqlTradeRequest r={0};", "MqlTradeRequest r= ::rt::zeroed<MqlTradeRequest>();"),
        ("::Print(1);", "::ea::Print(1);"),
    ],
)
def test_statement_translates_to(tmp_path: Path, mql: str, cpp: str) -> None:
    assert body(tmp_path, mql, "class CFoo {};") == squeezed(cpp)


@pytest.mark.parametrize("sign", ["/", "%", "/=", "%="])
def test_operator_of_a_class_keeps_its_sign(tmp_path: Path, sign: str) -> None:
    text = f"class CFoo {{ public: int operator{sign}(const int by) {{ return(9/by); }} }};"
    assert f"intoperator{sign}(constintby)" in squeezed(translated(tmp_path, text).text)


def test_line_directives_name_the_source_file(tmp_path: Path) -> None:
    text = translated(
        tmp_path, '#include "part.mqh"\nint g_main;\n', part="int g_part;\n\nint G(void) { return(1); }\n"
    ).text
    part = (tmp_path / "part.mqh").as_posix()
    assert f'#line 3 "{part}"\nint G ( void );' in text
    assert f'#line 1 "{part}"\n' in text
    after = text[text.index(f'#line 1 "{part}"') :]
    assert (
        after.index("g_part")
        < after.index(f'#line 1 "{(tmp_path / "main.mq5").as_posix()}"')
        < after.index("g_main")
    )


def test_macro_of_several_lines_keeps_line_numbers(tmp_path: Path) -> None:
    text = translated(tmp_path, "#define A(x) \\\n   ((x)/ \\\n    2)\nint g;\n").text
    macro = text[text.index("#define A(x)") : text.index("static")]
    assert squeezed(macro) == "#defineA(x)((x)/MQL_DIVISOR->*2)"
    assert macro.count("\n") == 3


def test_global_arrays_behind_a_comma_have_slots_of_their_own(tmp_path: Path) -> None:
    text = translated(tmp_path, 'string g_a="",g_b[],g_c[2];\n').text
    for slot in ("slot<string> mql_slot_g_a", "slot<::rt::array<string>> mql_slot_g_b"):
        assert f"static ::rt::{slot};" in text
    assert "static ::rt::slot<::rt::fixed<string, (2)>> mql_slot_g_c;" in text


@pytest.mark.parametrize("end", ["\\\n\n", "\\\n", "\\"])
def test_macro_may_end_with_a_continued_line_that_is_empty(tmp_path: Path, end: str) -> None:
    text = translated(tmp_path, f"#define A(x) \\\n  x {end}").text
    assert squeezed(text[text.index("#define A(x)") :]).startswith("#defineA(x)x")
    assert check_text(f"#define A(x) \\\n  x {end}") == []


def test_template_of_an_interface_is_a_class_with_pure_methods(tmp_path: Path) -> None:
    text = squeezed(translated(tmp_path, "template<typename T>\ninterface I { void F(T a); };\n").text)
    assert "template<typenameT>classI:public::rt::mql_object" in text
    assert "virtualvoidF(Ta)=0;" in text


def test_file_is_included_once(tmp_path: Path) -> None:
    text = translated(
        tmp_path,
        '#include "a.mqh"\n#include "b.mqh"\n',
        a='#include "b.mqh"\nint g_a;\n',
        b="int g_b;\n",
    ).text
    assert text.count("static int &g_b") == 1


def test_input_has_group_and_description(tmp_path: Path) -> None:
    found = translated(
        tmp_path, 'input group "Link"\ninput int InpPort=5760; // Port\ninput string InpName="x";\n'
    )
    port, name = found.inputs
    assert (port.name, port.type, port.default, port.description, port.group) == (
        "InpPort",
        "int",
        "5760",
        "Port",
        "Link",
    )
    assert (name.name, name.description, name.group) == ("InpName", "", "Link")


def test_declaration_follows_what_its_default_argument_needs(tmp_path: Path) -> None:
    text = translated(tmp_path, "enum E { E_A };\nvoid G(void) { F(); }\nvoid F(E e=E_A) {}\n").text
    assert text.index("E_A") < text.index("void F ( E e = E_A );") < text.index("void G(void)")
    assert "void F(E e) {}" in text


def test_prototype_in_the_source_keeps_its_defaults(tmp_path: Path) -> None:
    text = translated(tmp_path, "int F(int a,int b=2);\nint F(int a,int b) { return(a+b); }\n").text
    assert text.count("b = 2") == 1


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ('#include "none.mqh"\n', SourceError, "1: file .*none.mqh cannot be read .*; .*; correct the path"),
        ("int x=`;\n", LexError, "1: character '`'; it belongs to no token of MQL5; remove it"),
        ("\n#define A(x) \\\n  `\n", LexError, "2: character '`'; it belongs to no token"),
        ("#define A /* open\nint x;\n", LexError, r"1: unclosed comment /\* open; "),
        ("#define A 'x \\\n  y'\n#define B 'z\n", LexError, "3: unclosed literal 'z; "),
        ("\ndatetime d=D'2026.13.01';\n", LiteralError, "2: date D'2026.13.01'; .* exists in the calendar; "),
        ("datetime d=D'99999999999999999999.1.1';\n", LiteralError, "1: date D'9"),
        ("color c=C'1,2,300';\n", LiteralError, "1: color C'1,2,300'; .* each from 0 to 255; correct it"),
        ("ulong x=18446744073709551616;\n", LiteralError, "1: number 18446744073709551616; the largest"),
        (
            "int x=1+\\\n2;\n",
            LexError,
            "1: continued line; the subset has continued lines in macros alone; remove",
        ),
        (
            "int x=B'102';\n",
            LiteralError,
            "1: number B'102'; a binary number is B'1010', with 64 digits at most; ",
        ),
        (
            'input(name="a") int x=1;\n',
            StructureError,
            r"1: input\(...\); the subset has no attributes of inputs; ",
        ),
        ("int F(int a) export { }\n", StructureError, "1: export; the subset has no libraries; remove it"),
        (
            "struct S { int a; } s;\n",
            StructureError,
            "1: variable s behind a type; the subset declares types ",
        ),
        ("namespace N { }\n", StructureError, "1: namespace; the translator supports no namespaces; "),
        ("int x=1\n", StructureError, "1: the declaration .* 'int' does not end; .*; add ;"),
        ("int x;\nint F(int a)\n", StructureError, "2: "),
        (
            "+;\n",
            StructureError,
            r"1: '\+' begins neither a function nor a variable; .*; complete or remove it",
        ),
        ("int operator;\n", StructureError, "1: the declaration that begins with 'operator' does not end; "),
        ("template int x;\n", StructureError, "1: template clause; .*; write it so"),
        ("input group", StructureError, "1: input group; a group has a name; "),
        ("input int=1;", StructureError, "1: input; an input has a type and a name; "),
        ("void F(void)\n{\n", BracketError, "2: { is not closed; .*; add }"),
        (
            "void F(void)\n{ G(1}; }\n",
            BracketError,
            r"2: } does not close the \( of line 2; .*; write \) first",
        ),
        ("}\n", BracketError, "1: } closes no bracket; .*; remove it"),
    ],
)
def test_untranslatable_text_is_refused_with_rule_and_remedy(
    tmp_path: Path, text: str, error: type[TranslationError], message: str
) -> None:
    with pytest.raises(error, match=rf"^{re.escape((tmp_path / 'main.mq5').as_posix())}:{message}"):
        translated(tmp_path, text)


def test_source_that_is_not_utf_8_is_refused_with_its_line(tmp_path: Path) -> None:
    main = tmp_path / "main.mq5"
    main.write_bytes(b"int x;\n// caf\xe9\n")
    with pytest.raises(SourceError, match=r"main\.mq5:2: byte 0xe9 is not UTF-8; sources are UTF-8; save"):
        load(main)


FRAGMENTS = (
    "class struct enum typedef template<typename template input group input( int int[ ~ ~A A:: operator const"
    " static delete new return for( if( { } ( ) [ ] < > ; , : :: . = & * \"s\" 'a' 1 x F( void #define #include"
    " D'1' C'1' interface union export B'1' 2ull void * switch( case default else do while( ? break #endif #ifdef"
    " #import sizeof( dynamic_cast< -> 1.5 NULL typename \\ ## namespace"
).split()


@given(st.lists(st.sampled_from([*FRAGMENTS, "\n", "\n#define M(x) \\\n `\n"])).map(" ".join))
def test_any_text_is_translated_or_refused_by_name(text: str) -> None:
    source = Source(Path("f.mq5"))
    try:
        source.tokens = lex(text, "f.mq5")
        translate(source)
    except TranslationError as error:
        assert re.match(r"f\.mq5:\d+: [^;]*;", str(error))


@given(st.lists(st.sampled_from([*FRAGMENTS, "\n"])).map(" ".join))
def test_any_text_is_linted_or_refused_by_name(text: str) -> None:
    with suppress(TranslationError):
        check_text(text)
