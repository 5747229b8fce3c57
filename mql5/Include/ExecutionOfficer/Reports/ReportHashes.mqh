//+------------------------------------------------------------------+
//|                                                 ReportHashes.mqh |
//| Which reports this boot has reported, by the 64-bit hashes of key|
//| and content, and with which look at the broker each was last met.|
//| Looks are counted. No call into the terminal.                    |
//+------------------------------------------------------------------+
#include "..\Common\LongMap.mqh"
#include "..\Common\TextHash.mqh"

enum ENUM_NOTED
  {
   NOTED_NEWS,           // never met, or with another content
   NOTED_KNOWN,
   NOTED_OLD             // a later look has told how it stands
  };
//+------------------------------------------------------------------+
//| What was said                                                    |
//+------------------------------------------------------------------+
class CMemory
  {
private:
   CLongMap          m_index;
   long              m_keys[];
   long              m_contents[];
   long              m_looks[];
   int               m_count;

public:
                     CMemory(void);
   void              Clear(void);
   int               Count(void) const;
   ENUM_NOTED        Note(const string key,const string content,const long look);
   void              Forget(const long before);
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
   ArrayFree(m_looks);
   m_count=0;
  }
//+------------------------------------------------------------------+
//| How many reports are kept in mind                                |
//+------------------------------------------------------------------+
int CMemory::Count(void) const
  {
   return(m_count);
  }
//+------------------------------------------------------------------+
//| Keep in mind what a look has met, and whether it is news         |
//+------------------------------------------------------------------+
ENUM_NOTED CMemory::Note(const string key,const string content,const long look)
  {
   long key_hash=TextHash(key);
   long content_hash=TextHash(content);
   int index=m_index.Find(key_hash);
   if(index!=LONG_MAP_NONE)
     {
      if(m_looks[index]>look)
         return(NOTED_OLD);
      bool news=(m_contents[index]!=content_hash);
      m_contents[index]=content_hash;
      m_looks[index]=look;
      return(news ? NOTED_NEWS : NOTED_KNOWN);
     }
   if(m_count>=ArraySize(m_keys))
     {
      ArrayResize(m_keys,2*m_count+64);
      ArrayResize(m_contents,2*m_count+64);
      ArrayResize(m_looks,2*m_count+64);
     }
   m_keys[m_count]=key_hash;
   m_contents[m_count]=content_hash;
   m_looks[m_count]=look;
   m_index.Put(key_hash,m_count);
   m_count++;
   return(NOTED_NEWS);
  }
//+------------------------------------------------------------------+
//| Forget what no look since this one has met: no scan from now on  |
//| can meet it again                                                |
//+------------------------------------------------------------------+
void CMemory::Forget(const long before)
  {
   int kept=0;
   m_index.Clear();
   for(int i=0; i<m_count; i++)
     {
      if(m_looks[i]<before)
         continue;
      m_keys[kept]=m_keys[i];
      m_contents[kept]=m_contents[i];
      m_looks[kept]=m_looks[i];
      m_index.Put(m_keys[kept],kept);
      kept++;
     }
   m_count=kept;
  }
//+------------------------------------------------------------------+
