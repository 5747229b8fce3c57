//+------------------------------------------------------------------+
//|                                                        texts.mq5 |
//| Strings, code pages, formats. Sources: MQL5 reference, 'String   |
//| Functions', 'Conversion Functions'; mql5/FACTS.md 5 and 8.4.   |
//+------------------------------------------------------------------+
#include "Checks.mqh"
//+------------------------------------------------------------------+
void OnStart(void)
  {
   Parts();
   CodePages();
   Formats();
   Numbers();
   Moments();
   Done();
  }
//+------------------------------------------------------------------+
void Parts(void)
  {
   string text="one,two,,three";
   string parts[];
   Check(StringSplit(text,',',parts)==4 && parts[2]=="" && parts[3]=="three","StringSplit");
   Check(StringLen(text)==14 && StringFind(text,"two")==4 && StringFind(text,"two",5)==-1,"StringFind");
   CheckText(StringSubstr(text,4,3),"two");
   CheckText(StringSubstr(text,9),"three");
   Check(StringGetCharacter(text,0)=='o' && text[1]=='n',"StringGetCharacter");
   Check(StringReplace(text,",","; ")==3,"StringReplace");
   CheckText(text,"one; two; ; three");
   string blank=" \t x \r\n";
   Check(StringTrimLeft(blank)==3 && StringTrimRight(blank)==3 && blank=="x","StringTrim");
   string upper="Abc";
   Check(StringToUpper(upper) && upper=="ABC" && StringToLower(upper) && upper=="abc","case");
   Check(StringSetCharacter(upper,1,'X') && upper=="aXc","StringSetCharacter");
   Check(StringCompare("a","b")==-1 && StringCompare("A","a",false)==0 && "a"<"b","comparison");
   string all;
   StringConcatenate(all,"a",1,true);
   CheckText(all,"a1true");
   StringAdd(all,"!");
   CheckText(all,"a1true!");
   string empty;
   Check(empty==NULL && StringLen(empty)==0,"unset string");
   CheckText(ShortToString(0x416)+CharToString('x'),"Жx");
  }
//+------------------------------------------------------------------+
//| The final 0, and the bytes of text outside ASCII.                |
//+------------------------------------------------------------------+
void CodePages(void)
  {
   uchar bytes[];
   Check(StringToCharArray("abc",bytes)==4 && ArraySize(bytes)==4 && bytes[3]==0,"final 0");
   Check(StringToCharArray("żółć",bytes,0,-1,CP_UTF8)==9 && bytes[8]==0,"UTF-8 in bytes");
   CheckText(CharArrayToString(bytes,0,8,CP_UTF8),"żółć");
   CheckText(CharArrayToString(bytes,0,-1,CP_UTF8),"żółć");
   CheckText(CharArrayToString(bytes,2,2,CP_UTF8),"ó");
   CheckText(CharArrayToString(bytes,0,0,CP_UTF8),"");
   Check(StringToCharArray("żółć",bytes,0,StringLen("żółć"),CP_UTF8)==4,"count is in bytes");
   Check(ArraySize(bytes)==9,"an array is not shrunk");
   Check(StringLen("😀")==2 && StringToCharArray("😀",bytes,0,-1,CP_UTF8)==5,"surrogates");
   CheckText(CharArrayToString(bytes,0,4,CP_UTF8),"😀");
   uchar key[]={0x6B},data[]={0x61,0x62,0x63},hash[],back[];
   Check(CryptEncode(CRYPT_HASH_SHA256,data,key,hash)==32 && hash[0]==0xBA && hash[31]==0xAD,"SHA-256");
   Check(CryptEncode(CRYPT_BASE64,data,key,hash)==4,"base64");
   CheckText(CharArrayToString(hash,0,4),"YWJj");
   Check(CryptDecode(CRYPT_BASE64,hash,key,back)==3 && back[2]==0x63,"base64 back");
  }
//+------------------------------------------------------------------+
void Formats(void)
  {
   long wide=-5000000000;
   ulong ticket=18446744073709551615;
   CheckText(StringFormat("%d|%5d|%-5d|%05d|%+d",7,7,7,7,7),"7|    7|7    |00007|+7");
   CheckText(StringFormat("%I64d %lld %I64u %llu",wide,wide,ticket,ticket),
             "-5000000000 -5000000000 18446744073709551615 18446744073709551615");
   CheckText(StringFormat("%.2f %8.3f %g %e",1.005,2.5,0.0001,12345.678),"1.00    2.500 0.0001 1.234568e+04");
   CheckText(StringFormat("%s|%5s|%-5s|%.2s","ab","ab","ab","abc"),"ab|   ab|ab   |ab");
   CheckText(StringFormat("%x %X %c %% %u",255,255,'A',7),"ff FF A % 7");
   CheckText(StringFormat("%s",EnumToString(DEAL_ENTRY_OUT)),"DEAL_ENTRY_OUT");
   CheckText(StringFormat("%04d.%02d",2026,1),"2026.01");
   CheckText(StringFormat("%*d",4,7),"   7");
  }
//+------------------------------------------------------------------+
void Numbers(void)
  {
   CheckText(DoubleToString(1.23456789,5),"1.23457");
   CheckText(DoubleToString(0.1),"0.10000000");
   CheckText(DoubleToString(-0.5,0),"-0");
   CheckText(DoubleToString(12345.678,-3),"1.235e+04");
   CheckText(IntegerToString(-42),"-42");
   CheckText(IntegerToString(7,3,'0'),"007");
   Check(StringToDouble("1.5x")==1.5 && StringToDouble("x")==0.0,"StringToDouble");
   Check(StringToInteger(" -42abc")==-42 && StringToInteger("")==0,"StringToInteger");
   Check(NormalizeDouble(1.23456,3)==1.235,"NormalizeDouble");
   Check(MathMax(2,3)==3 && MathMin(2.5,1.0)==1.0 && MathAbs(-4)==4,"extremes");
   Check(MathRound(2.5)==3.0 && MathFloor(-1.5)==-2.0 && MathCeil(1.2)==2.0 && MathMod(7.5,2.0)==1.5,"rounding");
   Check(MathIsValidNumber(1.0) && !MathIsValidNumber(MathLog(-1.0)),"MathIsValidNumber");
  }
//+------------------------------------------------------------------+
void Moments(void)
  {
   CheckText(TimeToString(D'2024.02.29 23:59:59',TIME_DATE|TIME_SECONDS),"2024.02.29 23:59:59");
   CheckText(TimeToString(D'2024.02.29 23:59:59',TIME_MINUTES),"23:59");
   CheckText(TimeToString((datetime)0),"1970.01.01 00:00");
   Check(StringToTime("2026.01.31 12:30")==D'2026.01.31 12:30',"StringToTime");
   Check(StringToTime("2026.01.31")==D'2026.01.31',"StringToTime of a date");
  }
//+------------------------------------------------------------------+
