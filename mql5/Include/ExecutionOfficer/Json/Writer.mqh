//+------------------------------------------------------------------+
//|                                                       Writer.mqh |
//| Writer of JSON objects, as a string. Numbers are passed as text, |
//| so that they keep their digits.                                  |
//+------------------------------------------------------------------+
//+------------------------------------------------------------------+
//| Return a text in quotation marks, with its escapes.              |
//+------------------------------------------------------------------+
string JsonQuoted(const string text)
  {
   string quoted="\"";
   string digits="0123456789abcdef";
   int length=StringLen(text);
   int from=0;
   for(int i=0; i<length; i++)
     {
      int code=StringGetCharacter(text,i);
      string escape="";
      if(code=='"')
         escape="\\\"";
      else if(code=='\\')
         escape="\\\\";
      else if(code<0x20 || code==0x7F)
         escape="\\u00"+StringSubstr(digits,code>>4,1)+StringSubstr(digits,code&15,1);
      else if(code>=0xD800 && code<=0xDFFF)
        {
         // Half a surrogate pair has no UTF-8. Brokers cut comments at any character.
         int next=(i+1<length) ? (int)StringGetCharacter(text,i+1) : 0;
         if(code<=0xDBFF && next>=0xDC00 && next<=0xDFFF)
           {
            i++;
            continue;
           }
         escape="\\ufffd";
        }
      if(escape=="")
         continue;
      if(i>from)
         quoted+=StringSubstr(text,from,i-from);
      quoted+=escape;
      from=i+1;
     }
   if(from<length)
      quoted+=StringSubstr(text,from,length-from);
   return(quoted+"\"");
  }
//+------------------------------------------------------------------+
//| An object under construction.                                    |
//+------------------------------------------------------------------+
class CJsonWriter
  {
private:
   string            m_text;
   bool              m_comma; // the next member needs a comma before it

   void              Name(const string name);

public:
                     CJsonWriter(void);
   void              Start(void);
   void              Open(const string name);
   void              Close(void);
   void              Text(const string name,const string value);
   void              Number(const string name,const string value);
   void              Integer(const string name,const long value);
   void              Flag(const string name,const bool value);
   void              TextIfAny(const string name,const string value);
   void              NumberIfAny(const string name,const string value);
   void              IntegerIfAny(const string name,const long value);
   string            Result(void) const;
  };
//+------------------------------------------------------------------+
//| Create an empty object.                                          |
//+------------------------------------------------------------------+
CJsonWriter::CJsonWriter(void)
  {
   Start();
  }
//+------------------------------------------------------------------+
//| Start an empty object.                                           |
//+------------------------------------------------------------------+
void CJsonWriter::Start(void)
  {
   m_text="{";
   m_comma=false;
  }
//+------------------------------------------------------------------+
//| Write a member's name.                                           |
//+------------------------------------------------------------------+
void CJsonWriter::Name(const string name)
  {
   if(m_comma)
      m_text+=",";
   m_text+="\""+name+"\":";
   m_comma=true;
  }
//+------------------------------------------------------------------+
//| Open an inner object; the next members belong to it.             |
//+------------------------------------------------------------------+
void CJsonWriter::Open(const string name)
  {
   Name(name);
   m_text+="{";
   m_comma=false;
  }
//+------------------------------------------------------------------+
//| Close an inner object.                                           |
//+------------------------------------------------------------------+
void CJsonWriter::Close(void)
  {
   m_text+="}";
   m_comma=true;
  }
//+------------------------------------------------------------------+
//| Write a text.                                                    |
//+------------------------------------------------------------------+
void CJsonWriter::Text(const string name,const string value)
  {
   Name(name);
   m_text+=JsonQuoted(value);
  }
//+------------------------------------------------------------------+
//| Write a number by its digits, or any value that is JSON already. |
//+------------------------------------------------------------------+
void CJsonWriter::Number(const string name,const string value)
  {
   Name(name);
   m_text+=value;
  }
//+------------------------------------------------------------------+
//| Write an integer.                                                |
//+------------------------------------------------------------------+
void CJsonWriter::Integer(const string name,const long value)
  {
   Name(name);
   m_text+=IntegerToString(value);
  }
//+------------------------------------------------------------------+
//| Write true or false.                                             |
//+------------------------------------------------------------------+
void CJsonWriter::Flag(const string name,const bool value)
  {
   Name(name);
   m_text+=value ? "true" : "false";
  }
//+------------------------------------------------------------------+
//| Write a text, unless it is empty.                                |
//+------------------------------------------------------------------+
void CJsonWriter::TextIfAny(const string name,const string value)
  {
   if(StringLen(value)>0)
      Text(name,value);
  }
//+------------------------------------------------------------------+
//| Write a number, unless it is 0 or empty.                         |
//+------------------------------------------------------------------+
void CJsonWriter::NumberIfAny(const string name,const string value)
  {
   if(StringLen(value)>0 && value!="0")
      Number(name,value);
  }
//+------------------------------------------------------------------+
//| Write an integer, unless it is 0.                                |
//+------------------------------------------------------------------+
void CJsonWriter::IntegerIfAny(const string name,const long value)
  {
   if(value!=0)
      Integer(name,value);
  }
//+------------------------------------------------------------------+
//| Return the whole object.                                         |
//+------------------------------------------------------------------+
string CJsonWriter::Result(void) const
  {
   return(m_text+"}");
  }
//+------------------------------------------------------------------+
