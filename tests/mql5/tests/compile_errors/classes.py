"""Errors of classes, structures, unions and interfaces."""

from typing import Final

from tests.mql5.tests.compile_errors import Pair

PAIRS: Final = (
    Pair(122, "class C { int ~C(void) { } };", "class C { ~C(void) { } };"),
    Pair(122, "class C { ~D(void) { } };", "class C { public: ~C(void) { } };"),
    Pair(129, "struct S { int a; int a; };", "struct S { int a; int b; };"),
    Pair(130, "struct S { int a; }; void F(S &s) { s.b=1; }", "struct S { int a; }; void F(S &s) { s.a=1; }"),
    Pair(154, "class C { } class D { };", "class C { }; class D { };"),
    Pair(
        156,
        "struct S { int a; }; void F(void) { S *p=new S; }",
        "class S { int a; }; void F(void) { S *p=new S; delete p; }",
    ),
    Pair(
        204,
        "class C { protected: int m_a; }; void F(C &c) { c.m_a=1; }",
        "class C { public: int m_a; }; void F(C &c) { c.m_a=1; }",
    ),
    Pair(
        211,
        "class C { int m_a; }; void F(C &c) { c.m_a=1; }",
        "class C { public: int m_a; }; void F(C &c) { c.m_a=1; }",
    ),
    Pair(
        211,
        "class C { int m_a; }; class D : public C { void F(void) { m_a=1; } };",
        "class C { protected: int m_a; }; class D : public C { void F(void) { m_a=1; } };",
    ),
    Pair(213, "class C { }; void C::F(void) { }", "class C { void F(void); }; void C::F(void) { }"),
    Pair(
        214,
        "class C { void G(void) { } }; void F(C &c) { c.G(); }",
        "class C { public: void G(void) { } }; void F(C &c) { c.G(); }",
    ),
    Pair(219, "class C { int m_a[2]={1,2}; };", "class C { int m_a[2]; };", "member-initialiser"),
    Pair(221, "class C { ~C(int a) { } };", "class C { ~C(void) { } };"),
    Pair(
        222,
        "class C { void F(int a) { } void F(int b) { } };",
        "class C { void F(int a) { } void F(long b) { } };",
    ),
    Pair(
        224,
        "class C { void F(int a); }; void C::F(long a) { }",
        "class C { void F(int a); }; void C::F(int a) { }",
    ),
    Pair(
        226,
        "class B { int m_a; }; class C : public B { int m_b; }; void F(C &c) { ZeroMemory(c); }",
        "struct S { int a; }; void F(S &s) { ZeroMemory(s); }",
    ),
    Pair(
        226,
        "struct S { protected: int a; }; void F(S &s) { ZeroMemory(s); }",
        "struct S { int a; string b; }; void F(S &s) { ZeroMemory(s); }",
    ),
    Pair(
        226,
        "struct B { int a; }; struct S : public B { int b; }; void F(S &s) { ZeroMemory(s); }",
        "struct B { int a; }; struct S { B b; }; void F(S &s) { ZeroMemory(s); }",
    ),
    Pair(232, "enum E { E_A }; class C : public E { };", "class E { }; class C : public E { };"),
    Pair(263, "class C { virtual int m_a; };", "class C { int m_a; };"),
    Pair(
        264,
        "class C { protected: void G(void) { } }; void F(C &c) { c.G(); }",
        "class C { public: void G(void) { } }; void F(C &c) { c.G(); }",
    ),
    Pair(
        265,
        "class B { virtual int F(void) { return(1); } }; class C : public B { long F(void) { return(1); } };",
        "class B { virtual int F(void) { return(1); } }; class C : public B { int F(void) { return(2); } };",
    ),
    Pair(
        266,
        "struct S { int a; }; class C : public S { };",
        "struct S { int a; }; struct T : public S { int b; };",
    ),
    Pair(
        267,
        "class C { int m_a; }; struct S : public C { int b; };",
        "class C { int m_a; }; class S : public C { int m_b; };",
    ),
    Pair(268, "class C { virtual C(void) { } };", "class C { C(void) { } virtual ~C(void) { } };"),
    Pair(269, "struct S { int a; virtual void F(void) { } };", "struct S { int a; void F(void) { } };"),
    Pair(
        270,
        "class C { public: void G(void); }; void F(C &c) { c.G(); }",
        "class C { public: void G(void); }; void C::G(void) { } void F(C &c) { c.G(); }",
    ),
    Pair(
        274,
        "class C { int m_a; void F(void) const { m_a=1; } };",
        "class C { int m_a; void F(void) { m_a=1; } };",
    ),
    Pair(
        279,
        "class C { public: void G(void) { } }; void F(const C &c) { c.G(); }",
        "class C { public: void G(void) const { } }; void F(const C &c) { c.G(); }",
    ),
    Pair(
        284,
        "class A { }; class B : private A { }; void F(B *b) { A *a=b; }",
        "class A { }; class B : public A { }; void F(B *b) { A *a=b; }",
    ),
    Pair(286, "class C { C(void) const { } };", "class C { C(void) { } };"),
    Pair(
        305,
        "class C { public: C(void) { } }; void F(C &c) { c.C(); }",
        "class C { public: C(void) { } void Reset(void) { } }; void F(C &c) { c.Reset(); }",
    ),
    Pair(
        306,
        "class C { void F(void) const; }; void C::F(void) { }",
        "class C { void F(void) const; }; void C::F(void) const { }",
    ),
    Pair(
        307,
        "class C { void F(void); }; void C::F(void) const { }",
        "class C { void F(void); }; void C::F(void) { }",
    ),
    Pair(
        329, "class C { int m_a; void F(void) : m_a(1) { } };", "class C { int m_a; C(void) : m_a(1) { } };"
    ),
    Pair(330, "class C { int m_a; C(void) : m_a(1); };", "class C { int m_a; C(void) : m_a(1) { } };"),
    Pair(331, "class C { int m_a; C(void) : { } };", "class C { int m_a; C(void) { } };"),
    Pair(332, "class C { int m_a[2]; C(void) : m_a(1) { } };", "class C { int m_a; C(void) : m_a(1) { } };"),
    Pair(
        333,
        "class B { protected: int m_a; }; class C : public B { C(void) : m_a(1) { } };",
        "class B { protected: int m_a; }; class C : public B { C(void) { m_a=1; } };",
    ),
    Pair(
        339,
        "class B { public: B(int a) { } }; class C : public B { };",
        "class B { public: B(int a) { } }; class C : public B { C(void) : B(1) { } };",
    ),
    Pair(
        343,
        "class C { int m_a; C(void) : m_a(1),m_a(2) { } };",
        "class C { int m_a,m_b; C(void) : m_a(1),m_b(2) { } };",
    ),
    Pair(
        344,
        "class C { static int s_a; C(void) : s_a(1) { } }; int C::s_a=0;",
        "class C { static int s_a; C(void) { s_a=1; } }; int C::s_a=0;",
    ),
    Pair(345, "class C { int m_a; }; int C::m_a=1;", "class C { static int m_a; }; int C::m_a=1;"),
    Pair(
        346,
        "class C {\n int Name;\n void Name(void) { } };",
        "class C {\n int m_name;\n void Name(void) { } };",
    ),
    Pair(
        347,
        "class C {\n void Name(void) { }\n int Name; };",
        "class C {\n void Name(void) { }\n int m_name; };",
    ),
    Pair(348, "class C { static virtual void F(void) { } };", "class C { virtual void F(void) { } };"),
    Pair(349, "class C { static void F(void) const { } };", "class C { static void F(void) { } };"),
    Pair(350, "class C { static C(void) { } };", "class C { C(void) { } };"),
    Pair(
        351,
        "class C { int m_a; static void F(void) { m_a=1; } };",
        "class C { static int s_a; static void F(void) { s_a=1; } }; int C::s_a=0;",
    ),
    Pair(352, "class C { void operator x(int a) { } };", "class C { void operator+(int a) { } };"),
    Pair(
        353,
        "class C { int operator()(int a) { return(a); } };",
        "class C { int operator[](int a) { return(a); } };",
    ),
    Pair(
        354,
        "class C { int F(void); }; long C::F(void) { return(1); }",
        "class C { int F(void); }; int C::F(void) { return(1); }",
    ),
    Pair(
        355,
        "class C { bool operator==(int a,int b) { return(true); } };",
        "class C { bool operator==(int a) { return(true); } };",
    ),
    Pair(357, "class C { void F(void) export { } };", "class C { void F(void) { } };"),
    Pair(
        358,
        "class C { }; void F(const C *a) { C *b=a; }",
        "class C { }; void F(const C *a) { const C *b=a; }",
    ),
    Pair(
        365,
        "class C { template<typename T> virtual void F(T a) { } };",
        "class C { template<typename T> void F(T a) { } };",
    ),
    Pair(370, "class C { static int s_a; };", "class C { static int s_a; }; int C::s_a=0;"),
    Pair(
        374,
        "class C { public: int m_a; }; void F(void) { int x=C::m_a; }",
        "class C { public: static int s_a; }; int C::s_a=0; void F(void) { int x=C::s_a; x++; }",
    ),
    Pair(381, "class C { virtual void F(void)=1; };", "class C { virtual void F(void)=0; };"),
    Pair(
        383,
        "class C { virtual void F(void)=0; }; void F(void) { C c; }",
        "class C { virtual void F(void)=0; }; class D : public C { void F(void) { } }; void F(void) { D d; }",
    ),
    Pair(
        384,
        "class C { virtual void F(void) { } }; void F(C *c) { int x=dynamic_cast<int>(c); }",
        "class C { virtual void F(void) { } }; class D : public C { }; void F(C *c) { D *x=dynamic_cast<D *>(c); }",
    ),
    Pair(
        386,
        "typedef void (*TF)(void); class C { public: void G(void) { } }; void F(C &c) { TF f=c.G; }",
        "typedef void (*TF)(void); void G(void) { } void F(void) { TF f=G; f(); }",
    ),
    Pair(
        388,
        "class A { }; class B : private A { }; void F(B *b) { A *a=(A *)b; }",
        "class A { }; class B : public A { }; void F(B *b) { A *a=(A *)b; }",
    ),
    Pair(393, "interface I { private: void F(void); };", "interface I { void F(void); };"),
    Pair(
        394,
        "interface I { interface J { void F(void); }; };",
        "interface I { void F(void); }; interface J { void F(void); };",
    ),
    Pair(
        395,
        "class C { }; interface I : public C { void F(void); };",
        "interface J { void G(void); }; interface I : public J { void F(void); };",
    ),
    Pair(
        397,
        "interface I { void F(void); }; class C : private I { void F(void) { } };",
        "interface I { void F(void); }; class C : public I { void F(void) { } };",
    ),
    Pair(398, "interface I { int m_a; };", "interface I { int A(void); };"),
    Pair(
        399,
        "interface I { void G(void); }; void F(void) { I i; }",
        "interface I { void G(void); }; void F(I *i) { i.G(); }",
    ),
    Pair(400, "class C final; class C { };", "class C; class C { };"),
    Pair(401, "class B final { }; class C : public B { };", "class B { }; class C : public B { };"),
    Pair(
        402,
        "class B { virtual void F(void) final { } }; class C : public B { virtual void F(void) { } };",
        "class B { virtual void F(void) { } }; class C : public B { virtual void F(void) { } };",
    ),
    Pair(403, "class C { void F(void) final { } };", "class C { virtual void F(void) final { } };"),
    Pair(
        404,
        "class B { virtual void F(int a) { } }; class C : public B { void F(long a) override { } };",
        "class B { virtual void F(int a) { } }; class C : public B { void F(int a) override { } };",
    ),
    Pair(
        405,
        "class C { virtual void F(void); }; virtual void C::F(void) { }",
        "class C { virtual void F(void); }; void C::F(void) { }",
    ),
    Pair(409, "union U { int a; string b; };", "union U { int a; uchar b[4]; };"),
    Pair(
        412,
        "class C { public: void G(void)=delete; }; void F(C &c) { c.G(); }",
        "class C { public: void G(void) { } }; void F(C &c) { c.G(); }",
    ),
)
