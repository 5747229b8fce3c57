//+------------------------------------------------------------------+
//|                                                      classes.mq5 |
//| Objects, pointers, templates. Sources: MQL5 reference, 'Object-  |
//| Oriented Programming', 'Object Pointers', 'Templates'.           |
//+------------------------------------------------------------------+
#include "Checks.mqh"
int g_alive=0;
//+------------------------------------------------------------------+
class CNode;
class CShape
  {
protected:
   string            m_name;
   static int        s_count;
public:
                     CShape(const string name="shape");
   virtual          ~CShape(void);
   virtual double    Area(void) const { return(0.0); }
   string            Name(void) const { return(m_name); }
   static int        Count(void) { return(s_count); }
   CShape           *Self(void) { return(GetPointer(this)); }
  };
int CShape::s_count=0;
CShape::CShape(const string name) : m_name(name)
  {
   g_alive++;
   s_count++;
  }
CShape::~CShape(void) { g_alive--; }
class CSquare : public CShape
  {
private:
   double            m_side;
public:
                     CSquare(const double side) : CShape("square"),m_side(side) {}
   virtual double    Area(void) const override { return(m_side*m_side); }
   double            Side(void) const { return(m_side); }
   bool operator<(const CSquare &other) const { return(m_side<other.m_side); }
   double operator/(const int by) const { return(m_side/by); }
  };
interface INamed
  {
   string            Title(void);
  };
class CTitled : public INamed
  {
public:
   string            Title(void) { return("titled"); }
  };
class CNode
  {
public:
   int               m_value;
   CNode            *m_next;
   CNode            *m_children[];
                     CNode(const int value,CNode *next=NULL) { m_value=value; m_next=next; }
                    ~CNode(void)
     {
      for(int i=0; i<ArraySize(m_children); i++)
         if(CheckPointer(m_children[i])==POINTER_DYNAMIC)
            delete m_children[i];
     }
   void              Add(CNode *child)
     {
      int size=ArraySize(m_children);
      ArrayResize(m_children,size+1,8);
      m_children[size]=child;
     }
  };
template<typename T>
class CStack
  {
private:
   T                 m_items[];
public:
   void              Push(const T item)
     {
      int size=ArraySize(m_items);
      ArrayResize(m_items,size+1);
      m_items[size]=item;
     }
   T                 Top(void) const { return(m_items[ArraySize(m_items)-1]); }
   int               Size(void) const { return(ArraySize(m_items)); }
  };
template<typename T>
T Larger(const T a,const T b) { return(a>b ? a : b); }
//--- a function pointer to a function of the program's own
typedef int (*TOperation)(int a,int b);
int Plus(int a,int b) { return(a+b); }
int Times(int a,int b) { return(a*b); }
CSquare  g_square(2.0);
CShape  *g_shape=NULL;
//+------------------------------------------------------------------+
void OnStart(void)
  {
   Check(g_alive==1 && g_square.Area()==4.0,"global object");
   Pointers();
   Check(g_alive==1,"destructors");
   Lists();
   Templates();
   TOperation operation=Plus;
   Check(Apply(operation,3,4)==7 && Apply(Times,3,4)==12,"function pointer");
   Done();
  }
//+------------------------------------------------------------------+
void Pointers(void)
  {
   CShape *shape=new CSquare(3.0);
   Check(shape.Area()==9.0 && shape.Name()=="square","virtual method");
   Check(CheckPointer(shape)==POINTER_DYNAMIC && CheckPointer(g_shape)==POINTER_INVALID,"CheckPointer");
   Check(shape!=NULL && g_shape==NULL && !g_shape,"NULL");
   CSquare *square=dynamic_cast<CSquare *>(shape);
   Check(square!=NULL && square.Side()==3.0,"dynamic_cast");
   Check(((CSquare *)shape).Side()==3.0,"cast of a pointer");
   Check(dynamic_cast<CSquare *>(g_shape)==NULL,"dynamic_cast of NULL");
   CShape local("local");
   CShape *automatic=GetPointer(local);
   Check(CheckPointer(automatic)==POINTER_AUTOMATIC && automatic.Name()=="local","automatic object");
   CShape *again=&local;
   Check(again==automatic && automatic==local.Self(),"same object");
   delete shape;
   Check(CheckPointer(shape)==POINTER_INVALID && CheckPointer(square)==POINTER_INVALID,"deleted");
   Check(Area(g_square)==4.0,"object by reference");
   CSquare larger(5.0);
   Check(g_square<larger,"operator");
   Check(larger/2==2.5,"operator /");
   Check(CShape::Count()>=3,"static member");
   INamed *named=new CTitled;
   CheckText(named.Title(),"titled");
   delete named;
   Change(g_shape);
   Check(g_shape!=NULL && g_shape.Name()=="changed","pointer by reference");
   delete g_shape;
   g_shape=NULL;
  }
//+------------------------------------------------------------------+
void Lists(void)
  {
   CNode *list=new CNode(1,new CNode(2));
   Check(list.m_next.m_value==2 && list.m_next.m_next==NULL,"linked list");
   delete list.m_next;
   delete list;
   CNode root(0);
   for(int i=0; i<20; i++)
      root.Add(new CNode(i));
   Check(ArraySize(root.m_children)==20 && root.m_children[19].m_value==19,"array of pointers");
  }
//+------------------------------------------------------------------+
void Templates(void)
  {
   CStack<string> words;
   words.Push("a");
   words.Push("b");
   Check(words.Size()==2 && words.Top()=="b","class template");
   CStack<CNode *> nodes;
   CNode node(7);
   nodes.Push(GetPointer(node));
   Check(nodes.Top().m_value==7,"class template of pointers");
   Check(Larger<int>(2,3)==3 && Larger<double>(2.5,1.5)==2.5,"function template");
  }
//+------------------------------------------------------------------+
double Area(const CShape &shape) { return(shape.Area()); }
//+------------------------------------------------------------------+
void Change(CShape *&shape) { shape=new CShape("changed"); }
//+------------------------------------------------------------------+
int Apply(TOperation operation,const int a,const int b) { return(operation(a,b)); }
//+------------------------------------------------------------------+
