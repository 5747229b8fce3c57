//+------------------------------------------------------------------+
//|                                                       Memory.mqh |
//| Which facts this boot has reported, by the 64-bit hashes of key  |
//| and content, and when each was last met. No call into the        |
//| terminal.                                                        |
//+------------------------------------------------------------------+
#include "LongMap.mqh"

#define FNV_BASIS 0xCBF29CE484222325
#define FNV_PRIME 0x100000001B3
//+------------------------------------------------------------------+
//| FNV-1a over the characters of a text                             |
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
//| What was said                                                    |
//+------------------------------------------------------------------+
class CMemory
  {
private:
   CLongMap          m_index;
   long              m_keys[];
   long              m_contents[];
   long              m_seen_ms[];
   int               m_count;

public:
                     CMemory(void);
   void              Clear(void);
   int               Count(void) const;
   bool              Note(const string key,const string content,const long seen_ms);
   void              Forget(const long before_ms);
  };
//+------------------------------------------------------------------+
//| Nothing                                                          |
//+------------------------------------------------------------------+
CMemory::CMemory(void)
  {
   m_count=0;
  }
//+------------------------------------------------------------------+
//| Nothing again                                                    |
//+------------------------------------------------------------------+
void CMemory::Clear(void)
  {
   m_index.Clear();
   ArrayFree(m_keys);
   ArrayFree(m_contents);
   ArrayFree(m_seen_ms);
   m_count=0;
  }
//+------------------------------------------------------------------+
//| How many facts are kept in mind                                  |
//+------------------------------------------------------------------+
int CMemory::Count(void) const
  {
   return(m_count);
  }
//+------------------------------------------------------------------+
//| Keep in mind what was met; true where it is news: a key that was |
//| never met, or one with another content than before               |
//+------------------------------------------------------------------+
bool CMemory::Note(const string key,const string content,const long seen_ms)
  {
   long key_hash=TextHash(key);
   long content_hash=TextHash(content);
   int index=m_index.Find(key_hash);
   if(index!=LONG_MAP_NONE)
     {
      bool news=(m_contents[index]!=content_hash);
      m_contents[index]=content_hash;
      m_seen_ms[index]=seen_ms;
      return(news);
     }
   if(m_count>=ArraySize(m_keys))
     {
      ArrayResize(m_keys,2*m_count+64);
      ArrayResize(m_contents,2*m_count+64);
      ArrayResize(m_seen_ms,2*m_count+64);
     }
   m_keys[m_count]=key_hash;
   m_contents[m_count]=content_hash;
   m_seen_ms[m_count]=seen_ms;
   m_index.Put(key_hash,m_count);
   m_count++;
   return(true);
  }
//+------------------------------------------------------------------+
//| Forget what was last met before a moment: no scan from now on    |
//| can meet it again                                                |
//+------------------------------------------------------------------+
void CMemory::Forget(const long before_ms)
  {
   int kept=0;
   m_index.Clear();
   for(int i=0; i<m_count; i++)
     {
      if(m_seen_ms[i]<before_ms)
         continue;
      m_keys[kept]=m_keys[i];
      m_contents[kept]=m_contents[i];
      m_seen_ms[kept]=m_seen_ms[i];
      m_index.Put(m_keys[kept],kept);
      kept++;
     }
   m_count=kept;
  }
//+------------------------------------------------------------------+
