"""Survey: code outside the subset is refused by name, and no text makes the tools fail."""

from pathlib import Path

import pytest

from tests.mql5.survey import Survey, main, survey

# Shapes of public MQL5 code that made a tool fail, or that it misread.
SHAPES = {
    "macro that ends with a continued line": "#define A(x) \\\n  x \\\n\nint g_x=A(1);\n",
    "macro of several lines with a comment": "#define A(x) /* one */ \\\n  (x) // two\nint g_x=A(1);\n",
    "macro that pastes and quotes": "#define NAME(a,b) a##b\n#define TEXT(a) #a\n"
    "int NAME(g_,x)=1;\nstring g_s=TEXT(x y);\n",
    "macro that makes methods": "#define ATTR(T,n) private: T m_##n; public: T n(void) const { return(m_##n); }\n"
    "class C { ATTR(int,count) };\n",
    "end inside a class": "class C : public B\n",
    "end inside an enumeration": "enum E {",
    "end inside a template": "template<typename",
    "end inside a declaration": "static const",
    "end inside a macro": "#define A(x",
    "method of a nested template": "template<typename T> class A { template<typename U> void F(U a,T b); };",
    "static method defined outside": "class C { static int F(void); };\nstatic int C::F(void) { return(1); }\n",
    "constructor of type void": "class C { public: void C(void) { } void ~C(void) { } };\n",
    "list of initialisation outside": "class C { int m_a; C(void); };\nC::C(void) : m_a(1)\n  {\n  }\n",
    "both branches of a condition": "#ifdef __MQL5__\nint g_x=1;\n#else\nint g_x=2;\n#endif\n",
    "arrays behind a comma": 'string a="",b[];\n',
    "template of an interface": "template<typename T> interface I { void F(T a); };\n",
    "elaborated type": "enum E { E_A };\nclass C { enum E F(enum E a) { return(a); } };\n",
    "unnamed parameters": "int F(int,const string &,double &[]);\n",
    "adjacent texts": 'string g_s="a"\n  "b" "c";\n',
}
OUTSIDE = {
    "number 2ull": "ulong g_x=2ull;\n",
    "pointer to void": "void F(void *p) { }\n",
    "continued line": "int g_a[]={1, \\\n  2};\n",
    "input attributes": 'input(name="Port") int InpA=1;\n',
    "namespace": "namespace N { int g_x; }\n",
    "import": '#import "user32.dll"\nint MessageBoxW(int a,string b,string c,int d);\n#import\n',
    "matrix": "matrix g_m;\n",
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_shape_of_public_code_makes_no_tool_fail(text: str) -> None:
    found = Survey()
    found.add("a.mqh", text)
    assert found.failures == []


@pytest.mark.parametrize(
    "text", [text for name, text in SHAPES.items() if not name.startswith("end ")], ids=lambda text: text[:20]
)
def test_complete_shape_of_public_code_is_read_without_a_syntax_error(text: str) -> None:
    found = Survey()
    found.add("a.mqh", text)
    assert {code for code in found.refused if code != "error-111"} == set()


@pytest.mark.parametrize("text", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_text_outside_the_subset_is_refused(text: str) -> None:
    found = Survey()
    found.add("a.mqh", text)
    assert found.failures == []
    assert found.refused.keys() & {"subset", "LexError", "StructureError", "dll-import"}


def test_every_prefix_of_a_program_is_read_or_refused() -> None:
    corpus = Path(__file__).parent / "corpus" / "classes.mq5"
    text = corpus.read_text(encoding="utf-8")
    found = Survey()
    for end in range(0, len(text), 97):
        found.add("a.mq5", text[:end])
    assert found.files > 20
    assert found.failures == []


def test_folder_is_read_in_any_encoding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.mq5").write_bytes("int g_x=1;\r\n".encode("utf-16"))
    (tmp_path / "deep" / "b.MQH").write_bytes(b"\xef\xbb\xbfulong g_y=2ull;\n")
    (tmp_path / "c.txt").write_text("no MQL5")
    found = survey(tmp_path)
    assert (found.files, found.refused, found.failures) == (2, {"subset": 1}, [])
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == "2 files, 1 refusals, 0 failures\n     1 subset\n"
    assert main([]) == 2
