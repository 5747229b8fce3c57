//+------------------------------------------------------------------+
//|                                                     TextHash.mqh |
//| A 64-bit hash of a text. No call into the terminal.              |
//+------------------------------------------------------------------+
#define FNV_BASIS 0xCBF29CE484222325
#define FNV_PRIME 0x100000001B3
//+------------------------------------------------------------------+
//| Return FNV-1a over the characters of a text.                     |
//+------------------------------------------------------------------+
long TextHash(const string text)
  {
   ulong hash=FNV_BASIS;
   int length=StringLen(text);
   for(int i=0; i<length; i++)
     {
      hash^=(ulong)StringGetCharacter(text,i);
      hash*=FNV_PRIME;
     }
   return((long)hash);
  }
//+------------------------------------------------------------------+
