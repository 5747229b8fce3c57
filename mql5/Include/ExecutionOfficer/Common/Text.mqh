//+------------------------------------------------------------------+
//|                                                         Text.mqh |
//| Strings and bytes: UTF-8, hex, decimals that keep their digits.  |
//| Conversions only; no call into the terminal.                     |
//+------------------------------------------------------------------+
#define TEXT_MAX 1024             // the longest text that a message or a report carries, in characters
#define DECIMAL_DIGITS 15         // decimal digits of a double without rounding noise
#define DECIMAL_PLACES 10         // decimal places that the link allows
#define EXPONENT_MAX 20           // largest exponent of a number in a message
//+------------------------------------------------------------------+
//| Convert a string to UTF-8 without a terminating zero; return the |
//| number of bytes.                                                 |
//+------------------------------------------------------------------+
int TextToUtf8(const string text,uchar &out[])
  {
   ArrayResize(out,0);
   if(StringLen(text)==0)
      return(0);
   int count=StringToCharArray(text,out,0,-1,CP_UTF8);
   if(count>0 && out[count-1]==0)
      count--;
   ArrayResize(out,(count>0) ? count : 0);
   return(ArraySize(out));
  }
//+------------------------------------------------------------------+
//| Return UTF-8 bytes as a string. A count of 0 is not passed to    |
//| the terminal: its result is not documented.                      |
//+------------------------------------------------------------------+
string Utf8ToText(const uchar &bytes[],const int start,const int count)
  {
   if(count<=0)
      return("");
   return(CharArrayToString(bytes,start,count,CP_UTF8));
  }
//+------------------------------------------------------------------+
//| Return whether bytes are UTF-8 (RFC 3629): no stray or missing   |
//| continuation byte, no overlong form, no surrogate.               |
//+------------------------------------------------------------------+
bool IsUtf8(const uchar &bytes[],const int start,const int count)
  {
   int end=start+count;
   int i=start;
   while(i<end)
     {
      int first=bytes[i];
      i++;
      if(first<0x80)
         continue;
      int more=0;
      int low=0x80;
      int high=0xBF;
      if(first>=0xC2 && first<=0xDF)
         more=1;
      else if(first>=0xE0 && first<=0xEF)
         more=2;
      else if(first>=0xF0 && first<=0xF4)
         more=3;
      else
         return(false);
      if(first==0xE0)
         low=0xA0;
      if(first==0xED)
         high=0x9F;
      if(first==0xF0)
         low=0x90;
      if(first==0xF4)
         high=0x8F;
      if(i+more>end)
         return(false);
      for(int k=0; k<more; k++)
        {
         int octet=bytes[i];
         i++;
         if(octet<low || octet>high)
            return(false);
         low=0x80;
         high=0xBF;
        }
     }
   return(true);
  }
//+------------------------------------------------------------------+
//| Return bytes as lower-case hex.                                  |
//+------------------------------------------------------------------+
string HexText(const uchar &bytes[],const int count)
  {
   string digits="0123456789abcdef";
   string text="";
   for(int i=0; i<count; i++)
      text+=StringSubstr(digits,bytes[i]>>4,1)+StringSubstr(digits,bytes[i]&15,1);
   return(text);
  }
//+------------------------------------------------------------------+
//| Return the value of a hex digit; -1 for any other character.     |
//+------------------------------------------------------------------+
int HexValue(const int character)
  {
   if(character>='0' && character<='9')
      return(character-'0');
   if(character>='a' && character<='f')
      return(character-'a'+10);
   if(character>='A' && character<='F')
      return(character-'A'+10);
   return(-1);
  }
//+------------------------------------------------------------------+
//| Convert hex digits to bytes; return false where the text has     |
//| another length or another character.                             |
//+------------------------------------------------------------------+
bool HexBytes(const string text,const int count,uchar &out[])
  {
   ArrayResize(out,0);
   if(StringLen(text)!=2*count)
      return(false);
   ArrayResize(out,count);
   for(int i=0; i<count; i++)
     {
      int high=HexValue(StringGetCharacter(text,2*i));
      int low=HexValue(StringGetCharacter(text,2*i+1));
      if(high<0 || low<0)
         return(false);
      out[i]=(uchar)(16*high+low);
     }
   return(true);
  }
//+------------------------------------------------------------------+
//| Return whether a text is that many lower-case hex digits.        |
//+------------------------------------------------------------------+
bool IsHex(const string text,const int digits)
  {
   if(StringLen(text)!=digits)
      return(false);
   for(int i=0; i<digits; i++)
     {
      int character=StringGetCharacter(text,i);
      if(HexValue(character)<0 || (character>='A' && character<='F'))
         return(false);
     }
   return(true);
  }
//+------------------------------------------------------------------+
//| Return whether a text is a name: 1 to 128 characters, none of    |
//| them a control character.                                        |
//+------------------------------------------------------------------+
bool IsName(const string text)
  {
   int length=StringLen(text);
   if(length<1 || length>128)
      return(false);
   for(int i=0; i<length; i++)
     {
      int character=StringGetCharacter(text,i);
      if(character<0x20 || character==0x7F)
         return(false);
     }
   return(true);
  }
//+------------------------------------------------------------------+
//| Return a text without white space around it (a .set file may     |
//| leave a carriage return on an input).                            |
//+------------------------------------------------------------------+
string Trimmed(const string text)
  {
   string copy=text;
   StringTrimLeft(copy);
   StringTrimRight(copy);
   return(copy);
  }
//+------------------------------------------------------------------+
//| Return a text in lower case.                                     |
//+------------------------------------------------------------------+
string LowerCase(const string text)
  {
   string copy=text;
   StringToLower(copy);
   return(copy);
  }
//+------------------------------------------------------------------+
//| Return the first characters of a text.                           |
//+------------------------------------------------------------------+
string Shorten(const string text,const int most)
  {
   return((StringLen(text)<=most) ? text : StringSubstr(text,0,most));
  }
//+------------------------------------------------------------------+
//| Return a double as a decimal: no exponent, no trailing zeros, no |
//| more digits than a double holds.                                 |
//+------------------------------------------------------------------+
string DecimalText(const double value)
  {
   if(!MathIsValidNumber(value))
      return("0");
   int places=DECIMAL_DIGITS-1;
   for(double size=MathAbs(value); size>=10.0 && places>0; size/=10.0)
      places--;
   string text=DoubleToString(value,(places<DECIMAL_PLACES) ? places : DECIMAL_PLACES);
   int length=StringLen(text);
   if(StringFind(text,".")>=0)
     {
      while(length>0 && StringGetCharacter(text,length-1)=='0')
         length--;
      if(length>0 && StringGetCharacter(text,length-1)=='.')
         length--;
     }
   text=StringSubstr(text,0,length);
   return((text=="-0" || text=="") ? "0" : text);
  }
//+------------------------------------------------------------------+
//| Return a JSON number in positional notation with every digit     |
//| (1.0E-7 is 0.00000010); empty where its exponent is out of       |
//| range.                                                           |
//+------------------------------------------------------------------+
string PlainDecimal(const string number)
  {
   int mark=StringFind(number,"e");
   if(mark<0)
      mark=StringFind(number,"E");
   if(mark<0)
      return(number);
   if(StringLen(number)-mark>4)
      return("");
   int exponent=(int)StringToInteger(StringSubstr(number,mark+1));
   // It is not documented that every build reads a plus sign.
   if(StringGetCharacter(number,mark+1)=='+')
      exponent=(int)StringToInteger(StringSubstr(number,mark+2));
   if(exponent>EXPONENT_MAX || exponent<-EXPONENT_MAX)
      return("");
   string sign=(StringGetCharacter(number,0)=='-') ? "-" : "";
   string body=StringSubstr(number,StringLen(sign),mark-StringLen(sign));
   int point=StringFind(body,".");
   string digits=(point<0) ? body : StringSubstr(body,0,point)+StringSubstr(body,point+1);
   int whole=((point<0) ? StringLen(body) : point)+exponent;
   while(whole<=0)
     {
      digits="0"+digits;
      whole++;
     }
   while(StringLen(digits)<whole)
      digits+="0";
   while(whole>1 && StringGetCharacter(digits,0)=='0')
     {
      digits=StringSubstr(digits,1);
      whole--;
     }
   if(StringLen(digits)==whole)
      return(sign+digits);
   return(sign+StringSubstr(digits,0,whole)+"."+StringSubstr(digits,whole));
  }
//+------------------------------------------------------------------+
//| Compare two texts in a time that does not depend on the position |
//| of a difference.                                                 |
//+------------------------------------------------------------------+
bool SameSecret(const string ours,const string theirs)
  {
   int length=StringLen(ours);
   if(StringLen(theirs)!=length)
      return(false);
   int difference=0;
   for(int i=0; i<length; i++)
      difference|=(int)StringGetCharacter(ours,i)^(int)StringGetCharacter(theirs,i);
   return(difference==0);
  }
//+------------------------------------------------------------------+
