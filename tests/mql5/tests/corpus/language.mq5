//+------------------------------------------------------------------+
//|                                                     language.mq5 |
//| Constructs of the language. Sources: MQL5 reference, 'Language   |
//| Basics'; constructs known to compile in MetaEditor without a     |
//| warning are under 'Compiled elsewhere'.                          |
//+------------------------------------------------------------------+
#property strict
#property script_show_inputs
#include "Checks.mqh"
#define LIMIT        4
#define TWICE(x)     ((x)*2)
#define LONG_MACRO(a,b) \
   ((a)/ \
    (b))
#define TITLE        "a " "title"
//+------------------------------------------------------------------+
enum ENUM_SHAPE
  {
   SHAPE_ROUND,           // Round
   SHAPE_SQUARE=5,        // Square
   SHAPE_LAST
  };
struct Point
  {
   int               x;
   int               y;
   string            name;
   uchar             key[LIMIT];
  };
struct Line
  {
   Point             from;
   Point             to;
   double            weights[];
  };
input group "Group"
input int            InpCount=3;               // A count
input ENUM_SHAPE     InpShape=SHAPE_SQUARE;    // A shape
input string         InpText="text";           // A text
sinput double        InpNumber=0.5;            // A number
input datetime       InpFrom=D'2026.01.31 12:30';
input color          InpColor=clrRed;
//--- globals: zeroed, initialised in order, with calls to functions that come later
int                  g_zero;
int                  g_one=1,g_two=Two(),g_list[],g_pair[2],g_last=4;
double               g_halves[]={0.5,1.5};
Point                g_point;
const int            SIZES[LIMIT]={1,2,3,4};
const string         WORDS[2]={"one","two"};
datetime             g_moment=D'31.12.2025';
//+------------------------------------------------------------------+
//| Entry                                                            |
//+------------------------------------------------------------------+
void OnStart(void)
  {
   Globals();
   Literals();
   Control();
   Structures();
   Arrays();
   Conversions();
   Done();
  }
//+------------------------------------------------------------------+
//| Top level of a program.                                          |
//+------------------------------------------------------------------+
void Globals(void)
  {
   Check(g_zero==0 && g_one==1 && g_two==2 && g_last==4 && ArraySize(g_list)==0 && ArraySize(g_pair)==2,"globals");
   Check(ArraySize(g_halves)==2 && g_halves[1]==1.5,"global array");
   Check(g_point.x==0 && g_point.key[3]==0,"global structure");
   Check(SIZES[LIMIT-1]==4 && WORDS[1]=="two","constant arrays");
   Check(InpCount==3 && InpShape==SHAPE_SQUARE && InpText=="text" && InpNumber==0.5,"inputs");
   CheckText(TimeToString(InpFrom),"2026.01.31 12:30");
   CheckText(TimeToString(g_moment,TIME_DATE|TIME_SECONDS),"2025.12.31 00:00:00");
   Check(InpColor==C'255,0,0',"color");
   Check(Counted()==1 && Counted()==2,"static local");
   Check(Defaults(1)==13 && Defaults(1,4)==14,"default arguments");
   CheckText(EnumToString(SHAPE_SQUARE),"SHAPE_SQUARE");
   CheckText(EnumToString(ORDER_TYPE_SELL),"ORDER_TYPE_SELL");
   Check(SHAPE_LAST==6,"enumeration");
  }
//+------------------------------------------------------------------+
//| Literals and macros.                                             |
//+------------------------------------------------------------------+
void Literals(void)
  {
   Check('A'==65 && '\n'==10 && '\x41'==65 && '\\'==92 && '\''==39,"characters");
   CheckText("tab\tquote\"slash\\ \x41\x42","tab	quote\"slash\\ AB");
   CheckText(TITLE,"a title");
   Check(0x7F==127 && B'101'==5 && .5==0.5 && 1e3==1000.0,"numbers");
   Check(TWICE(3)==6 && LONG_MACRO(9,3)==3,"macros");
   Check(9223372036854775807==LONG_MAX && 18446744073709551615==ULONG_MAX,"large numbers");
   Check(StringFind(__FILE__,"language.mq5")>=0 && __LINE__==94,"file and line");
   CheckText(__FUNCTION__,"Literals");
#ifdef __MQL5__
   Check(true,"ifdef");
#else
   Check(false,"else");
#endif
#ifndef NEVER_DEFINED
   Check(true,"ifndef");
#endif
  }
//+------------------------------------------------------------------+
//| Loops and branches                                               |
//+------------------------------------------------------------------+
void Control(void)
  {
   int sum=0;
   for(int i=0,j=10; i<j; i++,j--)
     {
      if(i==1)
         continue;
      sum+=j-i;
     }
   Check(sum==22,"for");
   while(sum>20)
      sum--;
   do
      sum-=2;
   while(sum>10);
   Check(sum==10,"while");
   string named="";
   switch(InpShape)
     {
      case SHAPE_ROUND:
         named="round";
         break;
      case SHAPE_SQUARE:
      case SHAPE_LAST:
         named="other";
         break;
      default:
         named="none";
     }
   CheckText(named,"other");
   switch((int)'b')
     {
      case 'a':
         Check(false,"case");
         break;
      case 'b':
         Check(true,"case");
         break;
     }
   Check((sum>5 ? 1 : 2)==1,"conditional");
   int halves[8/2-1],minus=-1;
   uchar small=9;
   small/=2;
   Check(ArraySize(halves)==3 && small%minus==0 && 8/minus==-8 && INT_MIN/2*2==INT_MIN && (uint)7/2==3,"divisions");
   Check(7/2==3 && -7/2==-3 && 7%3==1 && (7&3)==3 && (1<<4)==16,"operators");
   int quotient=20;
   quotient/=2+3;
   quotient%=3;
   Check(quotient==1,"compound division");
  }
//+------------------------------------------------------------------+
//| Structures: copied whole, zeroed by ={}                          |
//+------------------------------------------------------------------+
void Structures(void)
  {
   Point point={};
   Check(point.x==0 && point.key[LIMIT-1]==0 && StringLen(point.name)==0,"zeroed structure");
   point.x=1;
   point.name="p";
   point.key[0]=9;
   Point copy=point;
   copy.key[0]=8;
   Check(copy.x==1 && copy.name=="p" && point.key[0]==9,"copied structure");
   Line line={};
   ArrayResize(line.weights,2);
   line.weights[1]=0.25;
   line.to.y=7;
   Line other;
   other=line;
   line.weights[1]=1.0;
   Check(other.weights[1]==0.25 && other.to.y==7,"copied dynamic array");
   ZeroMemory(point);
   Check(point.x==0 && point.key[0]==0,"ZeroMemory");
   Point listed={1,2,"three"};
   Check(listed.y==2 && listed.name=="three","structure from a list");
   Move(copy,2);
   Check(copy.x==3,"structure by reference");
   MqlTradeRequest request={0};
   Check(request.magic==0 && request.volume==0.0 && request.deviation==0,"request");
   MqlDateTime parts;
   TimeToStruct(D'2026.03.01 05:06:07',parts);
   Check(parts.year==2026 && parts.mon==3 && parts.day==1 && parts.sec==7 && parts.day_of_week==0,"TimeToStruct");
   Check(parts.day_of_year==59 && StructToTime(parts)==D'2026.03.01 05:06:07',"StructToTime");
  }
//+------------------------------------------------------------------+
//| Arrays of one and two dimensions                                 |
//+------------------------------------------------------------------+
void Arrays(void)
  {
   int table[2][3]={{1,2,3},{4,5,6}};
   Check(table[1][2]==6,"two dimensions");
   int numbers[],more[5],plain=3;
   ArrayResize(numbers,plain);
   for(int i=0; i<plain; i++)
      numbers[i]=i;
   Check(Total(numbers)==3,"dynamic array as a parameter");
   ArrayInitialize(more,2);
   Check(Total(more)==10,"fixed array as a parameter");
   string words[];
   Split(words);
   Check(ArraySize(words)==2 && words[1]=="b","array filled by a function");
   Check(Sum(table)==21,"array of two dimensions as a parameter");
  }
//+------------------------------------------------------------------+
//| Explicit conversions.                                            |
//+------------------------------------------------------------------+
void Conversions(void)
  {
   double real=2.75;
   Check((int)real==2 && (long)real==2,"double to integer");
   Check((uchar)300==44 && (int)(uint)4294967295==-1,"narrowing");
   CheckText((string)12+"/"+(string)true+"/"+(string)0.1,"12/true/0.1");
   Check((ENUM_ORDER_TYPE)1==ORDER_TYPE_SELL,"number to enumeration");
   datetime moment=D'2026.01.01';
   moment+=60;
   Check(moment-D'2026.01.01'==60 && (long)moment>0,"datetime");
   CheckText((string)moment,"2026.01.01 00:01:00");
   ulong ticket=18446744073709551615;
   CheckText((string)ticket,"18446744073709551615");
   Compiled(3);
  }
//+------------------------------------------------------------------+
//| Compiled elsewhere (mql5/FACTS.md 8.3)                         |
//+------------------------------------------------------------------+
void Compiled(const int x)
  {
   string text="{" "\"a\":"+(string)x+"}";
   CheckText(text,"{\"a\":3}");
   uint avail=5000;
   int most=(int)MathMin((uint)4096,avail);
   Check(most==4096,"MathMin of uint");
  }
//+------------------------------------------------------------------+
int Two(void) { return(2); }
//+------------------------------------------------------------------+
int Counted(void)
  {
   static int count=0;
   count++;
   return(count);
  }
//+------------------------------------------------------------------+
int Defaults(const int a,const int b=3,const int c=LIMIT*3-3) { return(a+b+c); }
//+------------------------------------------------------------------+
void Move(Point &point,const int by) { point.x+=by; }
//+------------------------------------------------------------------+
int Total(const int &numbers[])
  {
   int sum=0;
   for(int i=0; i<ArraySize(numbers); i++)
      sum+=numbers[i];
   return(sum);
  }
//+------------------------------------------------------------------+
int Sum(const int &table[][3])
  {
   int sum=0;
   for(int i=0; i<2; i++)
      for(int j=0; j<3; j++)
         sum+=table[i][j];
   return(sum);
  }
//+------------------------------------------------------------------+
void Split(string &words[])
  {
   ArrayResize(words,2);
   words[0]="a";
   words[1]="b";
  }
//+------------------------------------------------------------------+
