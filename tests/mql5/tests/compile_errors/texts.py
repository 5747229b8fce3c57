"""Errors of the text itself: directives, macros, literals, brackets."""

from typing import Final

from tests.mql5.tests.compile_errors import Pair

LONG: Final = "x" * 65535
NAME: Final = "n" * 251

PAIRS: Final = (
    Pair(105, '#include "a*b.mqh"', '#include "ab.mqh"'),
    Pair(105, '#include ""', '#include "Folder/ab.mqh"'),
    Pair(108, "#define 1A 2", "#define A1 2"),
    Pair(108, '#define "A" 2', "#define A 2"),
    Pair(109, "#warn 1", "#define A"),
    Pair(110, "int g_x=1 ` 2;", "int g_x=1;", "LexError"),
    Pair(112, 'string g_s="a;', 'string g_s="a";', "LexError"),
    Pair(112, '#include "a.mqh', '#include "a.mqh"'),
    Pair(113, "#include a.mqh", '#include "a.mqh"'),
    Pair(114, "int g_x='a;", "int g_x='a';", "LexError"),
    Pair(115, "#include <ExecutionOfficer/a.mqh", "#include <ExecutionOfficer/a.mqh>"),
    Pair(126, f"int {NAME};", "int g_name;"),
    Pair(131, "void F(void) { int a[2]; a[(0]=1; }", "void F(void) { int a[2]; a[(0)]=1; }", "BracketError"),
    Pair(133, "void F(void) {", "void F(void) { }", "BracketError"),
    Pair(144, "void F(void) { int x=1); x++; }", "void F(void) { int x=(1); x++; }", "BracketError"),
    Pair(145, "void F(void) { int x=(1; x++; }", "void F(void) { int x=(1); x++; }", "BracketError"),
    *(
        Pair(149, f"void F(void) {{ int {word}=1; }}", f"void F(void) {{ int {word}_=1; {word}_++; }}")
        for word in ("color", "datetime", "string", "uint", "new", "delete", "this", "char", "namespace")
    ),
    Pair(158, "int g_x=0xG1;", "int g_x=0xF1;", "number-suffix"),
    Pair(159, f'string g_s="{LONG}";', 'string g_s="x";'),
    Pair(174, "#import user32", "#define A"),
    Pair(176, "void F(void) { Sleep(1; }", "void F(void) { Sleep(1); }", "BracketError"),
    Pair(185, "void F(int a,...) { }", "void F(int a,int b) { }"),
    Pair(240, "int g_x=\\n;", 'string g_x="\\n";', "LexError"),
    Pair(285, "input int InpA[]={1};", "input int InpA=1;", "input"),
    Pair(287, "datetime g_t=D'2026.02.30';", "datetime g_t=D'2026.02.28';"),
    Pair(287, "datetime g_t=D'1969.12.31';", "datetime g_t=D'1970.01.01';"),
    Pair(287, "datetime g_t=D'3001.01.01';", "datetime g_t=D'3000.12.31 23:59:59';"),
    Pair(287, "datetime g_t=D'2026/01/31';", "datetime g_t=D'31.01.2026';"),
    Pair(287, "datetime g_t=D'2026.01.31T12:00';", "datetime g_t=D'19.07.1980 12';"),
    Pair(288, "#property colour 1", '#property copyright "x"'),
    Pair(289, '#property stacksize "big"', "#property stacksize 65536"),
    Pair(
        290,
        "#property indicator_color0 clrRed",
        "#property indicator_color1 clrRed\nint OnCalculate(void) { return(0); }",
    ),
    Pair(309, "#resource picture.bmp", '#resource "picture.bmp"'),
    Pair(312, '#resource "picture.gif"', '#resource "\\\\Images\\\\picture.bmp"'),
    Pair(313, '#resource "..\\\\picture.bmp"', '#resource "Images\\\\picture.bmp"'),
    Pair(314, '#resource "a.bmp"\n#resource "a.bmp"', '#resource "a.bmp"\n#resource "b.bmp"'),
    Pair(315, "#define A(x) #y", "#define A(x) #x"),
    Pair(316, "#define A `", "#define A 1"),
    Pair(317, "#define A(x,x) x", "#define A(x,y) x"),
    Pair(317, "#define A(1) 1", "#define A(a) a"),
    Pair(318, "#define A(x,y) x+y\nint g_x=A(1);", "#define A(x,y) x+y\nint g_x=A(1,2);"),
    Pair(319, "#define A(a,b,c,d,e,f,g,h,i) a", "#define A(a,b,c,d,e,f,g,h) a"),
    Pair(322, f'#resource "{"n" * 64}.bmp"', f'#resource "{"n" * 50}.bmp"'),
    Pair(340, '#property icon "a.png"', '#property icon "a.ico"'),
    Pair(372, "#ifdef A\nint g_x=1;", "#ifdef A\nint g_x=1;\n#endif"),
    Pair(371, f'string g_s="{LONG}x";', 'string g_s="x";'),
    Pair(372, "#endif", "#ifndef A\n#endif"),
    Pair(407, '#resource "a.txt" as void g_text', '#resource "a.txt" as string g_text'),
    Pair(377, "string g_s=__FUNCTION__;", "void F(void) { Print(__FUNCTION__); }"),
)
