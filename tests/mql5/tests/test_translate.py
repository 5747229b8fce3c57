"""The translation: what each construct becomes, and that lines stay where they are."""

from pathlib import Path

import pytest

from tests.mql5.translator.expressions import LiteralError
from tests.mql5.translator.source import SourceError, load
from tests.mql5.translator.structure import StructureError
from tests.mql5.translator.translate import Translation, translate


def translated(folder: Path, text: str, **includes: str) -> Translation:
    for name, content in includes.items():
        (folder / f"{name}.mqh").write_text(content, encoding="utf-8")
    main = folder / "main.mq5"
    main.write_text(text, encoding="utf-8")
    return translate(load(main))


def body(folder: Path, statement: str, before: str) -> str:
    """What a statement in a function becomes, without white space."""
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
def test_statements(tmp_path: Path, mql: str, cpp: str) -> None:
    assert body(tmp_path, mql, "class CFoo {};") == squeezed(cpp)


def test_lines_name_the_file_that_they_came_from(tmp_path: Path) -> None:
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


def test_a_macro_of_several_lines_keeps_their_count(tmp_path: Path) -> None:
    text = translated(tmp_path, "#define A(x) \\\n   ((x)/ \\\n    2)\nint g;\n").text
    macro = text[text.index("#define A(x)") : text.index("static")]
    assert squeezed(macro) == "#defineA(x)((x)/MQL_DIVISOR->*2)"
    assert macro.count("\n") == 3


def test_a_file_is_included_once(tmp_path: Path) -> None:
    text = translated(
        tmp_path,
        '#include "a.mqh"\n#include "b.mqh"\n',
        a='#include "b.mqh"\nint g_a;\n',
        b="int g_b;\n",
    ).text
    assert text.count("static int &g_b") == 1


def test_inputs_are_known_with_group_and_description(tmp_path: Path) -> None:
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


def test_a_default_argument_is_declared_behind_what_it_needs(tmp_path: Path) -> None:
    text = translated(tmp_path, "enum E { E_A };\nvoid G(void) { F(); }\nvoid F(E e=E_A) {}\n").text
    assert text.index("E_A") < text.index("void F ( E e = E_A );") < text.index("void G(void)")
    assert "void F(E e) {}" in text


def test_an_authors_own_prototype_keeps_its_defaults(tmp_path: Path) -> None:
    text = translated(tmp_path, "int F(int a,int b=2);\nint F(int a,int b) { return(a+b); }\n").text
    assert text.count("b = 2") == 1


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ('#include "none.mqh"\n', SourceError, "main.mq5:1: cannot read"),
        ("int x=`;\n", SourceError, "main.mq5:1: cannot read"),
        ("\ndatetime d=D'2026.13.01';\n", LiteralError, "main.mq5:2: no date"),
        ("color c=C'1,2,300';\n", LiteralError, "main.mq5:1: no color"),
        ("namespace N { }\n", StructureError, "main.mq5:1: namespace is not translated"),
        ("int x=1\n", StructureError, "expected before the file ends"),
        ("+;\n", StructureError, "neither a function nor a variable"),
    ],
)
def test_what_cannot_be_translated(tmp_path: Path, text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        translated(tmp_path, text)
