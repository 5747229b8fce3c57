"""Lint: for each rule a snippet that breaks it and one that keeps it, and complete programs without findings."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.mql5.lint import RULES, check_file, check_text
from tests.mql5.lint.program import Finding, Program, parse
from tests.mql5.reference import functions

ROOT = Path(__file__).parents[3]
CORPUS = sorted((ROOT / "tests/mql5/tests/corpus").glob("*.mq5"))
EXPERTS = sorted((ROOT / "mql5/Experts").glob("*/*.mq5"))
MANY = ",".join(f"int a{n}" for n in range(65))
LONG = "x" * 64

# Code of the rule, a snippet that breaks it, a snippet that keeps it.
PAIRS = [
    ("absent-word", "void F(void) { auto x=1; }", "void F(void) { int x=1; }"),
    ("absent-word", "void F(void) { goto end; }", "void F(void) { return; }"),
    ("absent-word", "void F(void) { try { G(); } catch(int e) { } }", "void F(void) { }"),
    ("absent-word", "void F(CFoo *p) { int x=static_cast<int>(1.5); }", "void F(void) { int x=(int)1.5; }"),
    ("absent-word", "unsigned int g_x=1;", "uint g_x=1;"),
    (
        "arrow",
        "class C {}; void F(C *p) { p->G(); }",
        "class C { public: void G(void) { } }; void F(C *p) { p.G(); }",
    ),
    ("lambda", "void F(void) { int x=[](int a) { return(a); }(1); }", "void F(int &a[]) { int x=a[0]; }"),
    ("plain-enum", "enum class E { E_A };", "enum E { E_A };"),
    ("plain-enum", "enum { E_A };", "enum E { E_A=1 };"),
    ("plain-enum", "enum E : int { E_A };", "enum E { E_A,E_B };"),
    ("range-for", "void F(int &a[]) { for(int x : a) { } }", "void F(void) { for(int i=0; i<2; i++) { } }"),
    ("number-suffix", "long g_x=1z;", "float g_x=1.5f;"),
    ("number-suffix", "ulong g_x=0xFFz;", "ulong g_x=0xFF;"),
    ("subset", "long g_x=1L;", "long g_x=1;"),
    ("subset", "ulong g_x=2ull;", "ulong g_x=2;"),
    ("subset", "ulong g_x=0xFFUL;", "ulong g_x=0xFF;"),
    ("subset", "int g_x=0b101;", "int g_x=B'101';"),
    ("subset", "void F(void *p) { }", "class C { }; void F(C *p) { }"),
    ("subset", "namespace N { int g_x; }", "int g_x;"),
    ("subset", "int F(int a) export { return(a); }", "int F(int a) { return(a); }"),
    ("subset", "matrix g_m;", "double g_m[2][2];"),
    ("subset", "complex g_c;", "double g_re,g_im;"),
    ("subset", 'input(name="Port") int InpA=1;', "input int InpA=1; // Port"),
    ("subset", "typedef enum E { E_A };", "enum E { E_A };"),
    ("subset", "struct S { int a; } g_s;", "struct S { int a; }; S g_s;"),
    ("subset", "struct S { struct T { int a; } t; };", "struct T { int a; }; struct S { T t; };"),
    ("octal", "int g_x=010;", "int g_x=10;"),
    ("character", "int g_x='ab';", "int g_x='\\x41';"),
    ("delete-array", "void F(CFoo *p) { delete[] p; }", "class CFoo {}; void F(CFoo *p) { delete p; }"),
    ("default-body", "class C { public: C(void)=default; };", "class C { private: C(const C &c)=delete; };"),
    ("directive", "#if 1\n#endif", "#ifdef A\n#else\n#endif"),
    ("directive", "#pragma once", "#define A 1"),
    ("dll-import", '#import "user32.dll"', "#property strict"),
    ("library-include", "#include <Trade/Trade.mqh>", "#include <ExecutionOfficer/Zmtp.mqh>"),
    ("library-include", "#include <Object.mqh>", '#include "Object.mqh"'),
    ("macro-parameters", "#define A(a,b,c,d,e,f,g,h,i) a", "#define A(a,b,c,d,e,f,g,h) a"),
    ("macro-parameters", "#define A(...) 1", "#define A() 1"),
    ("reference", "void F(void) { int x=1; int &y=x; }", "void F(int &y) { y=1; }"),
    ("reference", "int g_x; int &F(void) { return(g_x); }", "int g_x; int F(void) { return(g_x); }"),
    ("plain-pointer", "int *g_p;", "class C {}; C *g_p;"),
    ("plain-pointer", "struct S { int x; }; void F(S *p) { }", "struct S { int x; }; void F(S &s) { }"),
    ("member-initialiser", "class C { int m_x=1; };", "class C { int m_x; C(void) { m_x=1; } };"),
    (
        "member-initialiser",
        "class C { static const int s_x=1; };",
        "class C { static int s_x; }; int C::s_x=1;",
    ),
    ("brace-initialiser", "void F(void) { int x{1}; }", "void F(void) { int x[]={1}; }"),
    (
        "brace-initialiser",
        "struct S { int x; }; S F(void) { return {1}; }",
        "struct S { int x; }; S g_s={1};",
    ),
    (
        "condition-declaration",
        "void F(void) { if(int x=G()) { } }",
        "void F(void) { for(int x=0; x<1; x++) { } }",
    ),
    ("condition-declaration", "void F(void) { while(int x=G()) { } }", "void F(void) { while(true) { } }"),
    ("array-by-value", "void F(int a[]) { }", "void F(const int &a[]) { }"),
    (
        "object-by-value",
        "struct S { int x; }; void F(S s) { }",
        "struct S { int x; }; void F(const S &s) { }",
    ),
    ("object-by-value", "void F(const MqlTick tick) { }", "void F(MqlTick &tick) { }"),
    ("parameter-count", f"void F({MANY}) {{ }}", "void F(int a,int b) { }"),
    ("parameter-default", "void F(int a=1,int b) { }", "void F(int a,int b=1) { }"),
    (
        "inheritance",
        "class A {}; class B {}; class C : public A, public B { };",
        "class A {}; class C : public A { };",
    ),
    ("inheritance", "class A {}; class C : A { };", "class A {}; class C : private A { };"),
    ("structure", "struct S { virtual void F(void) { } };", "class S { virtual void F(void) { } };"),
    ("template", "template<typename T=int> class C { };", "template<typename T> class C { };"),
    ("template", "template<int N> class C { };", "template<typename A,typename B> class C { };"),
    ("template", "template<class T> void F(T a) { }", "template<typename T> void F(T a) { }"),
    (
        "operator",
        "class C { public: int operator()(int a) { return(a); } };",
        "class C { public: int operator[](int a) { return(a); } };",
    ),
    (
        "operator",
        "class C {}; bool operator==(const C &a,const C &b) { return(true); }",
        "struct S { int x; bool operator==(const S &a) const { return(true); } };",
    ),
    ("unique-constant", "enum A { X_A }; enum B { X_A };", "enum A { X_A }; enum B { X_B };"),
    ("unique-constant", "enum A { ORDER_TYPE_BUY };", "enum A { MY_BUY };"),
    ("input", "input int InpA;", "input int InpA=1;"),
    ("input", "struct S { int x; }; input S InpA=1;", "enum S { S_A }; input S InpA=S_A;"),
    ("input", "input int InpA=1; void F(void) { InpA=2; }", "input int InpA=1; void F(void) { int a=InpA; }"),
    ("name-length", f"int {'n' * 64};", f"int {'n' * 63};"),
    ("name-length", f"void F(int {'n' * 64}) {{ }}", f"void F(int {'n' * 63}) {{ }}"),
    ("escape", 'string g_s="\\q";', 'string g_s="\\n\\t\\r\\\\\\"\\\'";'),
    ("escape", 'string g_s="\\u0041";', 'string g_s="\\x0041B";'),
    ("escape", 'string g_s="\\xZ";', 'string g_s="\\xA9";'),
    ("escape", 'string g_s="a\\65";', 'string g_s="a\\0";'),
    ("escape", "int g_x='\\a';", "int g_x='\\0';"),
    ("escape", '#define CODE "\\b"', '#define CODE "\\x8"'),
    ("input-description", f"input int InpA=1; // {LONG}\n", f"input int InpA=1; // {LONG[:63]}\n"),
    ("array-value", "void F(void) { int a[],b[]; a=b; }", "void F(void) { int a[],b[]; ArrayCopy(a,b); }"),
    (
        "array-value",
        "class C { int m_a[]; int F(void) { return(m_a); } };",
        "class C { int m_a[]; int F(void) { return(m_a[0]); } };",
    ),
    ("known-constant", "int g_x=FILE_UTF8;", "int g_x=FILE_BIN;"),
    (
        "known-constant",
        "int F(void) { return(RAND_MAX); }",
        "#define MY_MAX 1\nint F(void) { return(MY_MAX+INT_MAX); }",
    ),
    ("array-dimension", "void F(void) { double a[3][]; }", "void F(void) { double a[][3]; }"),
    ("array-dimension", "void F(int &a[][]) { }", "void F(int &a[][2]) { }"),
    ("event-handler", "double OnInit(void) { return(1.0); }", "int OnInit(void) { return(0); }"),
    (
        "event-handler",
        "void OnTick(int a) { }",
        "class C { public: void OnTick(int a) { } }; void OnTick() { }",
    ),
    ("event-handler", "void OnDeinit(void) { }", "void OnDeinit(const int reason) { }"),
    (
        "event-handler",
        "void OnChartEvent(const int id,const double &a,const long &b,const string &c) { }",
        "void OnChartEvent(const int id,const long &a,const double &b,const string &c) { }",
    ),
    (
        "known-function",
        "void F(void) { SocketListen(1); }",
        "void G(void) { } void F(void) { G(); Print(1); }",
    ),
    ("known-function", "int g_x=malloc(1);", 'int g_x=StringLen("");'),
    (
        "argument-count",
        "void F(void) { int x=SocketSend(1); }",
        "void F(uchar &a[]) { int x=SocketSend(1,a,1); }",
    ),
    ("argument-count", "void F(void) { Sleep(); }", "void F(void) { Sleep(1); }"),
    (
        "value-to-reference",
        'void F(const string &s) { } void G(void) { F("a"); }',
        "void F(const string &s) { } void G(string a) { F(a); }",
    ),
    (
        "value-to-reference",
        "int H(void) { return(1); } void F(const int &s) { } void G(void) { F(H()); }",
        "void F(const int &s) { } void G(int a) { F(a); }",
    ),
    (
        "value-to-reference",
        "void F(int a,const int &s) { } void G(int b) { F(b,b+1); }",
        "void F(int a,const int &s) { } void G(int b) { F(b+1,b); }",
    ),
    (
        "value-to-reference",
        "class C { public: void F(const string &s) { } }; void G(C &c) { c.F((string)1); }",
        "class C { public: void F(const string s) { } }; void G(C &c) { c.F((string)1); }",
    ),
]


@pytest.mark.parametrize(("rule", "breaks"), [(rule, breaks) for rule, breaks, _ in PAIRS])
def test_snippet_that_breaks_a_rule_is_reported(rule: str, breaks: str) -> None:
    assert rule in {finding.code for finding in check_text(breaks)}


@pytest.mark.parametrize(("rule", "keeps"), [(rule, keeps) for rule, _, keeps in PAIRS])
def test_snippet_that_keeps_a_rule_has_no_findings(rule: str, keeps: str) -> None:
    assert check_text(keeps) == []


def test_property_in_an_include_is_reported() -> None:
    text = "#property strict\n"
    assert check_text(text, "a.mq5") == []
    assert [finding.code for finding in check_text(text, "a.mqh")] == ["property-place"]


def test_byte_order_mark_is_reported(tmp_path: Path) -> None:
    main = tmp_path / "a.mq5"
    main.write_bytes(b"\xef\xbb\xbfint g_x=1;\n")
    assert [finding.code for finding in check_file(main)] == ["byte-order-mark"]
    main.write_bytes(b"int g_x=1;\n")
    assert check_file(main) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_has_a_pair(rule: Callable[[Program], Iterable[Finding]]) -> None:
    assert any(list(rule(parse([(breaks, "snippet.mqh")]))) for _, breaks, _ in PAIRS)


def test_finding_names_file_line_thing_rule_and_remedy() -> None:
    (finding,) = check_text("\n\nint g_x=010;\n", "x.mqh")
    assert str(finding) == (
        "x.mqh:3: number 010; C++ reads it as octal, MQL5 as decimal; remove the leading zeros [octal]"
    )


@pytest.mark.parametrize("path", [*CORPUS, *EXPERTS], ids=lambda path: path.name)
def test_program_has_no_findings(path: Path) -> None:
    assert check_file(path) == []


def test_table_of_functions_counts_arguments() -> None:
    (send,) = functions()["SocketSend"]
    assert (send.least, send.most) == (3, 3)
    assert functions()["Print"][0].most is None
    assert {variant.most for variant in functions()["SymbolInfoInteger"]} == {2, 3}
