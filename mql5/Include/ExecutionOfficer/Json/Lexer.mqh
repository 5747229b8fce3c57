//+------------------------------------------------------------------+
//|                                                        Lexer.mqh |
//| Tokens of a JSON text (RFC 8259): texts, numbers, true, false    |
//| and null, read strictly from one whole buffer. An error has a    |
//| text and a position.                                             |
//+------------------------------------------------------------------+
#include "..\Common\Text.mqh"
//+------------------------------------------------------------------+
//| A position in a JSON text.                                       |
//+------------------------------------------------------------------+
class CJsonLexer
  {
private:
   uchar             m_data[];
   int               m_size;
   int               m_at;
   string            m_error;

   bool              ReadDigits(void);
   int               ReadEscape(uchar &scratch[],const int count);
   int               ReadUnit(void);

public:
                     CJsonLexer(void);
   bool              Load(const uchar &data[],const int start,const int count);
   string            Error(void) const;
   int               Position(void) const;
   bool              Fail(const string error);
   int               Peek(void) const;
   void              Skip(void);
   int               NextMark(void);
   bool              ReadLiteral(const string word);
   bool              ReadNumber(string &text);
   bool              ReadText(string &text);
  };
//+------------------------------------------------------------------+
//| Create it without a text.                                        |
//+------------------------------------------------------------------+
CJsonLexer::CJsonLexer(void)
  {
   m_size=0;
   m_at=0;
   m_error="";
  }
//+------------------------------------------------------------------+
//| Start at the beginning of a text; return false where it is not   |
//| UTF-8.                                                           |
//+------------------------------------------------------------------+
bool CJsonLexer::Load(const uchar &data[],const int start,const int count)
  {
   m_at=0;
   m_error="";
   m_size=count;
   ArrayResize(m_data,count);
   for(int i=0; i<count; i++)
      m_data[i]=data[start+i];
   return(IsUtf8(m_data,0,m_size) || Fail("not UTF-8"));
  }
//+------------------------------------------------------------------+
//| Return the error; empty where there is none.                     |
//+------------------------------------------------------------------+
string CJsonLexer::Error(void) const
  {
   return(m_error);
  }
//+------------------------------------------------------------------+
//| Return the position, in bytes from the start.                    |
//+------------------------------------------------------------------+
int CJsonLexer::Position(void) const
  {
   return(m_at);
  }
//+------------------------------------------------------------------+
//| Note an error, unless an earlier one is noted. Always false.     |
//+------------------------------------------------------------------+
bool CJsonLexer::Fail(const string error)
  {
   if(m_error=="")
      m_error=error+" (byte "+IntegerToString(m_at)+")";
   return(false);
  }
//+------------------------------------------------------------------+
//| Return the next byte; -1 at the end.                             |
//+------------------------------------------------------------------+
int CJsonLexer::Peek(void) const
  {
   if(m_at>=m_size)
      return(-1);
   return(m_data[m_at]);
  }
//+------------------------------------------------------------------+
//| Advance by one byte.                                             |
//+------------------------------------------------------------------+
void CJsonLexer::Skip(void)
  {
   m_at++;
  }
//+------------------------------------------------------------------+
//| Skip white space; return the next byte, -1 at the end.           |
//+------------------------------------------------------------------+
int CJsonLexer::NextMark(void)
  {
   while(Peek()==' ' || Peek()=='\t' || Peek()=='\n' || Peek()=='\r')
      m_at++;
   return(Peek());
  }
//+------------------------------------------------------------------+
//| Read true, false or null.                                        |
//+------------------------------------------------------------------+
bool CJsonLexer::ReadLiteral(const string word)
  {
   for(int i=0; i<StringLen(word); i++)
     {
      if(Peek()!=(int)StringGetCharacter(word,i))
         return(Fail("expected "+word));
      m_at++;
     }
   return(true);
  }
//+------------------------------------------------------------------+
//| Read one or more digits.                                         |
//+------------------------------------------------------------------+
bool CJsonLexer::ReadDigits(void)
  {
   int from=m_at;
   while(Peek()>='0' && Peek()<='9')
      m_at++;
   return(m_at>from || Fail("expected a digit"));
  }
//+------------------------------------------------------------------+
//| Read a number, as its own text.                                  |
//+------------------------------------------------------------------+
bool CJsonLexer::ReadNumber(string &text)
  {
   int from=m_at;
   if(Peek()=='-')
      m_at++;
   if(Peek()=='0')
      m_at++;
   else if(!ReadDigits())
      return(false);
   if(Peek()=='.')
     {
      m_at++;
      if(!ReadDigits())
         return(false);
     }
   if(Peek()=='e' || Peek()=='E')
     {
      m_at++;
      if(Peek()=='+' || Peek()=='-')
         m_at++;
      if(!ReadDigits())
         return(false);
     }
   text=Utf8ToText(m_data,from,m_at-from);
   return(true);
  }
//+------------------------------------------------------------------+
//| Read a text from its quotation mark on, and decode its escapes.  |
//+------------------------------------------------------------------+
bool CJsonLexer::ReadText(string &text)
  {
   uchar scratch[];
   int count=0;
   m_at++;
   int ahead=m_at;
   while(ahead<m_size && m_data[ahead]!='"')
      ahead++;
   ArrayResize(scratch,ahead-m_at+8);
   while(true)
     {
      int next=Peek();
      if(next<0)
         return(Fail("a text has no closing quotation mark"));
      if(next<0x20)
         return(Fail("a control character in a text"));
      // A text with an escaped quotation mark continues after it.
      if(count+8>ArraySize(scratch))
         ArrayResize(scratch,2*count+64);
      m_at++;
      if(next=='"')
         break;
      if(next=='\\')
        {
         int grown=ReadEscape(scratch,count);
         if(grown<0)
            return(false);
         count=grown;
        }
      else
        {
         scratch[count]=(uchar)next;
         count++;
        }
     }
   text=Utf8ToText(scratch,0,count);
   return(true);
  }
//+------------------------------------------------------------------+
//| Decode the escape behind a backslash, as UTF-8 behind the first  |
//| bytes of the buffer; return their new number, -1 where it is no  |
//| escape.                                                          |
//+------------------------------------------------------------------+
int CJsonLexer::ReadEscape(uchar &scratch[],const int count)
  {
   int next=Peek();
   int code=-1;
   if(next>=0)
      m_at++;
   if(next=='"' || next=='\\' || next=='/')
      code=next;
   else if(next=='b')
      code=8;
   else if(next=='f')
      code=12;
   else if(next=='n')
      code=10;
   else if(next=='r')
      code=13;
   else if(next=='t')
      code=9;
   else if(next=='u')
     {
      code=ReadUnit();
      if(code>=0xD800 && code<=0xDBFF && m_at+1<m_size && m_data[m_at]=='\\' && m_data[m_at+1]=='u')
        {
         m_at+=2;
         int low=ReadUnit();
         code=(low>=0xDC00 && low<=0xDFFF) ? 0x10000+((code-0xD800)<<10)+(low-0xDC00) : -1;
        }
     }
   // A zero would end the terminal's strings; half a surrogate pair is no character.
   if(code<=0 || (code>=0xD800 && code<=0xDFFF))
     {
      Fail("an invalid escape in a text");
      return(-1);
     }
   int end=count;
   if(code<0x80)
      scratch[end]=(uchar)code;
   else if(code<0x800)
      scratch[end]=(uchar)(0xC0|(code>>6));
   else if(code<0x10000)
      scratch[end]=(uchar)(0xE0|(code>>12));
   else
      scratch[end]=(uchar)(0xF0|(code>>18));
   end++;
   for(int shift=(code<0x80) ? -6 : ((code<0x800) ? 0 : ((code<0x10000) ? 6 : 12)); shift>=0; shift-=6)
     {
      scratch[end]=(uchar)(0x80|((code>>shift)&0x3F));
      end++;
     }
   return(end);
  }
//+------------------------------------------------------------------+
//| Read four hex digits; return their value, -1 where there are     |
//| none.                                                            |
//+------------------------------------------------------------------+
int CJsonLexer::ReadUnit(void)
  {
   int code=0;
   for(int i=0; i<4; i++)
     {
      int value=HexValue(Peek());
      if(value<0)
         return(-1);
      code=16*code+value;
      m_at++;
     }
   return(code);
  }
//+------------------------------------------------------------------+
