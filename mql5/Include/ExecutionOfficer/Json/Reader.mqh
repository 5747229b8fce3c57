//+------------------------------------------------------------------+
//|                                                       Reader.mqh |
//| A strict JSON parser: one whole text becomes a tree of values.   |
//| Depth and number of values are bounded. Numbers keep their text, |
//| so that 64-bit integers and the digits of prices survive.        |
//+------------------------------------------------------------------+
#include "Lexer.mqh"

#define JSON_MAX_DEPTH 16
#define JSON_MAX_NODES 4096
#define JSON_NONE (-1)

enum ENUM_JSON_KIND
  {
   JSON_KIND_NULL,
   JSON_KIND_FLAG,
   JSON_KIND_NUMBER,
   JSON_KIND_TEXT,
   JSON_KIND_ARRAY,
   JSON_KIND_OBJECT
  };
//+------------------------------------------------------------------+
//| One value with its links to others.                              |
//+------------------------------------------------------------------+
struct SJsonNode
  {
   ENUM_JSON_KIND    kind;
   int               child; // the first value in it
   int               next;  // the next value beside it
   string            key;   // in an object
   string            text;  // decoded text; a number's digits; true or false
  };
//+------------------------------------------------------------------+
//| The values of one JSON text. Node 0 is the outermost.            |
//+------------------------------------------------------------------+
class CJsonReader
  {
private:
   SJsonNode         m_nodes[];
   int               m_count;
   CJsonLexer        m_lexer;

   int               NewNode(const ENUM_JSON_KIND kind);
   void              Append(const int parent,const int last,const int node);
   int               ParseValue(const int depth);
   bool              ParseMembers(const int parent,const int depth);
   bool              ParseItems(const int parent,const int depth);

public:
                     CJsonReader(void);
   bool              Parse(const uchar &data[],const int start,const int count);
   string            Error(void) const;
   int               Position(void) const;
   ENUM_JSON_KIND    Kind(const int node) const;
   string            Key(const int node) const;
   string            Text(const int node) const;
   int               First(const int node) const;
   int               Next(const int node) const;
   int               Find(const int node,const string key) const;
  };
//+------------------------------------------------------------------+
//| Create it without values.                                        |
//+------------------------------------------------------------------+
CJsonReader::CJsonReader(void)
  {
   m_count=0;
  }
//+------------------------------------------------------------------+
//| Parse a whole JSON text; return false on an error.               |
//+------------------------------------------------------------------+
bool CJsonReader::Parse(const uchar &data[],const int start,const int count)
  {
   m_count=0;
   if(!m_lexer.Load(data,start,count) || ParseValue(1)<0)
      return(false);
   return(m_lexer.NextMark()<0 || m_lexer.Fail("unexpected characters after the value"));
  }
//+------------------------------------------------------------------+
//| Return the error; empty where there is none.                     |
//+------------------------------------------------------------------+
string CJsonReader::Error(void) const
  {
   return(m_lexer.Error());
  }
//+------------------------------------------------------------------+
//| Return the position of the error, in bytes from the start.       |
//+------------------------------------------------------------------+
int CJsonReader::Position(void) const
  {
   return(m_lexer.Position());
  }
//+------------------------------------------------------------------+
//| Return the kind of a node.                                       |
//+------------------------------------------------------------------+
ENUM_JSON_KIND CJsonReader::Kind(const int node) const
  {
   return(m_nodes[node].kind);
  }
//+------------------------------------------------------------------+
//| Return the name of a node in its object.                         |
//+------------------------------------------------------------------+
string CJsonReader::Key(const int node) const
  {
   return(m_nodes[node].key);
  }
//+------------------------------------------------------------------+
//| Return a node's text: decoded characters, digits, true or false. |
//+------------------------------------------------------------------+
string CJsonReader::Text(const int node) const
  {
   return(m_nodes[node].text);
  }
//+------------------------------------------------------------------+
//| Return the first value of an array or object, or JSON_NONE.      |
//+------------------------------------------------------------------+
int CJsonReader::First(const int node) const
  {
   return(m_nodes[node].child);
  }
//+------------------------------------------------------------------+
//| Return the next value beside a node, or JSON_NONE.               |
//+------------------------------------------------------------------+
int CJsonReader::Next(const int node) const
  {
   return(m_nodes[node].next);
  }
//+------------------------------------------------------------------+
//| Return the value of that name in an object, or JSON_NONE.        |
//+------------------------------------------------------------------+
int CJsonReader::Find(const int node,const string key) const
  {
   if(node<0 || node>=m_count || m_nodes[node].kind!=JSON_KIND_OBJECT)
      return(JSON_NONE);
   for(int each=m_nodes[node].child; each>=0; each=m_nodes[each].next)
      if(m_nodes[each].key==key)
         return(each);
   return(JSON_NONE);
  }
//+------------------------------------------------------------------+
//| Add a node; return JSON_NONE where there are too many.           |
//+------------------------------------------------------------------+
int CJsonReader::NewNode(const ENUM_JSON_KIND kind)
  {
   if(m_count>=JSON_MAX_NODES)
     {
      m_lexer.Fail("too many values");
      return(JSON_NONE);
     }
   if(m_count>=ArraySize(m_nodes))
      ArrayResize(m_nodes,m_count+32);
   m_nodes[m_count].kind=kind;
   m_nodes[m_count].child=JSON_NONE;
   m_nodes[m_count].next=JSON_NONE;
   m_nodes[m_count].key="";
   m_nodes[m_count].text="";
   m_count++;
   return(m_count-1);
  }
//+------------------------------------------------------------------+
//| Parse one value with everything in it; return its node, or       |
//| JSON_NONE.                                                       |
//+------------------------------------------------------------------+
int CJsonReader::ParseValue(const int depth)
  {
   int next=m_lexer.NextMark();
   int node=JSON_NONE;
   string text="";
   if(depth>JSON_MAX_DEPTH)
      m_lexer.Fail("nested too deep");
   else if(next=='{')
     {
      node=NewNode(JSON_KIND_OBJECT);
      if(node>=0 && !ParseMembers(node,depth))
         node=JSON_NONE;
     }
   else if(next=='[')
     {
      node=NewNode(JSON_KIND_ARRAY);
      if(node>=0 && !ParseItems(node,depth))
         node=JSON_NONE;
     }
   else if(next=='"')
     {
      if(m_lexer.ReadText(text))
         node=NewNode(JSON_KIND_TEXT);
     }
   else if(next=='-' || (next>='0' && next<='9'))
     {
      if(m_lexer.ReadNumber(text))
         node=NewNode(JSON_KIND_NUMBER);
     }
   else if(next=='t' || next=='f')
     {
      text=(next=='t') ? "true" : "false";
      if(m_lexer.ReadLiteral(text))
         node=NewNode(JSON_KIND_FLAG);
     }
   else if(next=='n')
     {
      if(m_lexer.ReadLiteral("null"))
         node=NewNode(JSON_KIND_NULL);
     }
   else
      m_lexer.Fail((next<0) ? "the text ends too early" : "expected a value");
   if(node>=0)
      m_nodes[node].text=text;
   return(node);
  }
//+------------------------------------------------------------------+
//| Append a node behind the last one of its parent.                 |
//+------------------------------------------------------------------+
void CJsonReader::Append(const int parent,const int last,const int node)
  {
   if(last<0)
      m_nodes[parent].child=node;
   else
      m_nodes[last].next=node;
  }
//+------------------------------------------------------------------+
//| Parse the members of an object, from its brace on.               |
//+------------------------------------------------------------------+
bool CJsonReader::ParseMembers(const int parent,const int depth)
  {
   int last=JSON_NONE;
   m_lexer.Skip();
   int next=m_lexer.NextMark();
   while(next!='}' || last>=0)
     {
      string key="";
      if(m_lexer.NextMark()!='"')
         return(m_lexer.Fail("expected a name"));
      if(!m_lexer.ReadText(key))
         return(false);
      if(Find(parent,key)>=0)
         return(m_lexer.Fail("the name "+Shorten(key,64)+" is repeated"));
      if(m_lexer.NextMark()!=':')
         return(m_lexer.Fail("expected a colon"));
      m_lexer.Skip();
      int node=ParseValue(depth+1);
      if(node<0)
         return(false);
      m_nodes[node].key=key;
      Append(parent,last,node);
      last=node;
      next=m_lexer.NextMark();
      if(next=='}')
         break;
      if(next!=',')
         return(m_lexer.Fail("expected a comma or a brace"));
      m_lexer.Skip();
     }
   m_lexer.Skip();
   return(true);
  }
//+------------------------------------------------------------------+
//| Parse the items of an array, from its bracket on.                |
//+------------------------------------------------------------------+
bool CJsonReader::ParseItems(const int parent,const int depth)
  {
   int last=JSON_NONE;
   m_lexer.Skip();
   int next=m_lexer.NextMark();
   while(next!=']' || last>=0)
     {
      int node=ParseValue(depth+1);
      if(node<0)
         return(false);
      Append(parent,last,node);
      last=node;
      next=m_lexer.NextMark();
      if(next==']')
         break;
      if(next!=',')
         return(m_lexer.Fail("expected a comma or a bracket"));
      m_lexer.Skip();
     }
   m_lexer.Skip();
   return(true);
  }
//+------------------------------------------------------------------+
