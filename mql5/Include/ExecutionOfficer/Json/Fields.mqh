//+------------------------------------------------------------------+
//|                                                       Fields.mqh |
//| Fields of one JSON object, each with its rule. Error names the   |
//| first field that breaks its rule; values that are read after it  |
//| have no meaning.                                                 |
//+------------------------------------------------------------------+
#include "Reader.mqh"

#define COUNT_MAX 9007199254740991    // counts of the link fit a double
#define TICKET_MAX LONG_MAX
//+------------------------------------------------------------------+
//| Parse a decimal integer; return false where it is none or        |
//| exceeds a long.                                                  |
//+------------------------------------------------------------------+
bool ParseLong(const string text,long &value)
  {
   int length=StringLen(text);
   int at=(length>0 && StringGetCharacter(text,0)=='-') ? 1 : 0;
   bool negative=(at==1);
   value=0;
   if(at==length)
      return(false);
   for(; at<length; at++)
     {
      int digit=(int)StringGetCharacter(text,at)-'0';
      if(digit<0 || digit>9)
         return(false);
      // Counted downwards: the lowest long has no positive counterpart.
      if(value<(LONG_MIN+digit)/10)
         return(false);
      value=10*value-digit;
     }
   if(negative)
      return(true);
   if(value==LONG_MIN)
      return(false);
   value=-value;
   return(true);
  }
//+------------------------------------------------------------------+
//| Reader of the fields of one object.                              |
//+------------------------------------------------------------------+
class CJsonFields
  {
private:
   CJsonReader      *m_reader;
   int               m_object;
   string            m_error;

   int               Value(const string name,const ENUM_JSON_KIND kind,const bool required);

public:
                     CJsonFields(void);
   void              Read(CJsonReader &reader,const int object);
   string            Error(void) const;
   void              Fail(const string name,const string rule);
   void              Refuse(const string error);
   bool              Has(const string name);
   int               Inner(const string name);
   string            Text(const string name,const int most,const bool required);
   string            Name(const string name);
   string            Hex(const string name,const int digits);
   long              Integer(const string name,const long low,const long high,const bool required);
   string            Decimal(const string name,const bool required);
   bool              Flag(const string name);
   bool              OnlyThese(const string names);
  };
//+------------------------------------------------------------------+
//| Create it without an object.                                     |
//+------------------------------------------------------------------+
CJsonFields::CJsonFields(void)
  {
   m_reader=NULL;
   m_object=JSON_NONE;
   m_error="";
  }
//+------------------------------------------------------------------+
//| Start with an object of a parsed text.                           |
//+------------------------------------------------------------------+
void CJsonFields::Read(CJsonReader &reader,const int object)
  {
   m_reader=GetPointer(reader);
   m_object=object;
   m_error="";
   if(object<0 || reader.Kind(object)!=JSON_KIND_OBJECT)
      m_error="expected an object";
  }
//+------------------------------------------------------------------+
//| Return the first broken rule; empty where there is none.         |
//+------------------------------------------------------------------+
string CJsonFields::Error(void) const
  {
   return(m_error);
  }
//+------------------------------------------------------------------+
//| Note a broken rule of a field.                                   |
//+------------------------------------------------------------------+
void CJsonFields::Fail(const string name,const string rule)
  {
   Refuse(name+" "+rule);
  }
//+------------------------------------------------------------------+
//| Note an error, unless an earlier one is noted.                   |
//+------------------------------------------------------------------+
void CJsonFields::Refuse(const string error)
  {
   if(m_error=="")
      m_error=error;
  }
//+------------------------------------------------------------------+
//| Return whether the field exists and is not null.                 |
//+------------------------------------------------------------------+
bool CJsonFields::Has(const string name)
  {
   if(m_error!="")
      return(false);
   int node=m_reader.Find(m_object,name);
   return(node>=0 && m_reader.Kind(node)!=JSON_KIND_NULL);
  }
//+------------------------------------------------------------------+
//| Return the field's node where it has that kind, else JSON_NONE.  |
//+------------------------------------------------------------------+
int CJsonFields::Value(const string name,const ENUM_JSON_KIND kind,const bool required)
  {
   if(m_error!="")
      return(JSON_NONE);
   int node=m_reader.Find(m_object,name);
   if(node<0 || (!required && m_reader.Kind(node)==JSON_KIND_NULL))
     {
      if(required)
         Fail(name,"is missing");
      return(JSON_NONE);
     }
   if(m_reader.Kind(node)!=kind)
     {
      Fail(name,"has another type than expected");
      return(JSON_NONE);
     }
   return(node);
  }
//+------------------------------------------------------------------+
//| Return the node of an inner object.                              |
//+------------------------------------------------------------------+
int CJsonFields::Inner(const string name)
  {
   return(Value(name,JSON_KIND_OBJECT,true));
  }
//+------------------------------------------------------------------+
//| Return a text of at most `most` characters; empty where the      |
//| field is absent.                                                 |
//+------------------------------------------------------------------+
string CJsonFields::Text(const string name,const int most,const bool required)
  {
   int node=Value(name,JSON_KIND_TEXT,required);
   if(node<0)
      return("");
   string text=m_reader.Text(node);
   if(StringLen(text)>most)
      Fail(name,"is longer than "+IntegerToString(most)+" characters");
   return(text);
  }
//+------------------------------------------------------------------+
//| Return a name: 1 to 128 characters, none of them a control       |
//| character.                                                       |
//+------------------------------------------------------------------+
string CJsonFields::Name(const string name)
  {
   string text=Text(name,128,true);
   if(m_error=="" && !IsName(text))
      Fail(name,"is not a name of 1 to 128 characters without control characters");
   return(text);
  }
//+------------------------------------------------------------------+
//| Return that many lower-case hex digits.                          |
//+------------------------------------------------------------------+
string CJsonFields::Hex(const string name,const int digits)
  {
   string text=Text(name,digits,true);
   if(m_error=="" && !IsHex(text,digits))
      Fail(name,"is not "+IntegerToString(digits)+" lower-case hex digits");
   return(text);
  }
//+------------------------------------------------------------------+
//| Return an integer within bounds; 0 where the field is absent.    |
//+------------------------------------------------------------------+
long CJsonFields::Integer(const string name,const long low,const long high,const bool required)
  {
   long value=0;
   int node=Value(name,JSON_KIND_NUMBER,required);
   if(node<0)
      return(0);
   if(!ParseLong(m_reader.Text(node),value))
      Fail(name,"is not a 64-bit integer");
   else if(value<low || value>high)
      Fail(name,IntegerToString(value)+" is not from "+IntegerToString(low)+" to "+IntegerToString(high));
   return(value);
  }
//+------------------------------------------------------------------+
//| Return a decimal with its digits as they came; empty where the   |
//| field is absent.                                                 |
//+------------------------------------------------------------------+
string CJsonFields::Decimal(const string name,const bool required)
  {
   int node=Value(name,JSON_KIND_NUMBER,required);
   if(node<0)
      return("");
   string text=PlainDecimal(m_reader.Text(node));
   if(text=="")
      Fail(name,"has an exponent out of range");
   return(text);
  }
//+------------------------------------------------------------------+
//| Return true or false; false where the field is absent.           |
//+------------------------------------------------------------------+
bool CJsonFields::Flag(const string name)
  {
   int node=Value(name,JSON_KIND_FLAG,false);
   return(node>=0 && m_reader.Text(node)=="true");
  }
//+------------------------------------------------------------------+
//| Return whether the object has only fields of this list: "|a|b|". |
//+------------------------------------------------------------------+
bool CJsonFields::OnlyThese(const string names)
  {
   for(int node=m_reader.First(m_object); node>=0; node=m_reader.Next(node))
      if(StringFind(names,"|"+m_reader.Key(node)+"|")<0)
         return(false);
   return(true);
  }
//+------------------------------------------------------------------+
