//+------------------------------------------------------------------+
//|                                                       Sha256.mqh |
//| SHA-256 by the terminal's CryptEncode, and HMAC-SHA256 (RFC      |
//| 2104) composed from it: the terminal has no HMAC of its own.     |
//+------------------------------------------------------------------+
#include "Text.mqh"

#define SHA256_BYTES 32
#define HMAC_BLOCK 64
//+------------------------------------------------------------------+
//| Compute SHA-256 of bytes; return false where the terminal        |
//| refuses.                                                         |
//+------------------------------------------------------------------+
bool Sha256(const uchar &data[],uchar &digest[])
  {
   uchar key[];
   ArrayResize(key,0);
   ArrayResize(digest,0);
   int count=CryptEncode(CRYPT_HASH_SHA256,data,key,digest);
   return(count==SHA256_BYTES && ArraySize(digest)>=SHA256_BYTES);
  }
//+------------------------------------------------------------------+
//| Pad a key to one block; a longer key is hashed first.            |
//+------------------------------------------------------------------+
bool HmacBlock(const uchar &key[],uchar &block[])
  {
   uchar used[];
   int count=ArraySize(key);
   if(count>HMAC_BLOCK)
     {
      if(!Sha256(key,used))
         return(false);
      count=SHA256_BYTES;
     }
   ArrayResize(block,HMAC_BLOCK);
   for(int i=0; i<HMAC_BLOCK; i++)
     {
      if(i>=count)
         block[i]=0;
      else if(ArraySize(key)>HMAC_BLOCK)
         block[i]=used[i];
      else
         block[i]=key[i];
     }
   return(true);
  }
//+------------------------------------------------------------------+
//| Compute SHA-256 of a padded key and the data behind it.          |
//+------------------------------------------------------------------+
bool HmacPass(const uchar &block[],const int pad,const uchar &data[],const int count,uchar &digest[])
  {
   uchar joined[];
   ArrayResize(joined,HMAC_BLOCK+count);
   for(int i=0; i<HMAC_BLOCK; i++)
      joined[i]=(uchar)(block[i]^pad);
   for(int i=0; i<count; i++)
      joined[HMAC_BLOCK+i]=data[i];
   return(Sha256(joined,digest));
  }
//+------------------------------------------------------------------+
//| Compute HMAC-SHA256 of bytes; return false where the terminal    |
//| refuses.                                                         |
//+------------------------------------------------------------------+
bool HmacSha256(const uchar &key[],const uchar &data[],uchar &mac[])
  {
   uchar block[];
   uchar inner[];
   if(!HmacBlock(key,block) || !HmacPass(block,0x36,data,ArraySize(data),inner))
      return(false);
   return(HmacPass(block,0x5C,inner,SHA256_BYTES,mac));
  }
//+------------------------------------------------------------------+
//| Return HMAC-SHA256 of a text in UTF-8, as lower-case hex; empty  |
//| where the terminal refuses.                                      |
//+------------------------------------------------------------------+
string HmacText(const uchar &key[],const string text)
  {
   uchar data[];
   uchar mac[];
   TextToUtf8(text,data);
   if(!HmacSha256(key,data,mac))
      return("");
   return(HexText(mac,SHA256_BYTES));
  }
//+------------------------------------------------------------------+
