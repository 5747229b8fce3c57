//+------------------------------------------------------------------+
//|                                                 ReportHashes.mqh |
//| Reports that this load has posted, by the 64-bit hashes of key   |
//| and content, each with the number of the last reading that had   |
//| it. No call into the terminal.                                   |
//+------------------------------------------------------------------+
#include "..\Common\LongMap.mqh"
#include "..\Common\TextHash.mqh"

enum ENUM_REPORT_NOVELTY
  {
   REPORT_NEW,     // a new key, or new content
   REPORT_UNCHANGED,
   REPORT_OUTDATED // a later reading has this key
  };
//+------------------------------------------------------------------+
//| Hashes of posted reports.                                        |
//+------------------------------------------------------------------+
class CReportHashes
  {
private:
   CLongMap          m_index;
   long              m_keys[];
   long              m_contents[];
   long              m_readings[];
   int               m_count;

public:
                     CReportHashes(void);
   void              Clear(void);
   int               Count(void) const;
   ENUM_REPORT_NOVELTY        Update(const string key,const string content,const long reading);
   void              Forget(const long before);
  };
//+------------------------------------------------------------------+
//| Create it empty.                                                 |
//+------------------------------------------------------------------+
CReportHashes::CReportHashes(void)
  {
   m_count=0;
  }
//+------------------------------------------------------------------+
//| Remove all hashes.                                               |
//+------------------------------------------------------------------+
void CReportHashes::Clear(void)
  {
   m_index.Clear();
   ArrayFree(m_keys);
   ArrayFree(m_contents);
   ArrayFree(m_readings);
   m_count=0;
  }
//+------------------------------------------------------------------+
//| Return the number of reports.                                    |
//+------------------------------------------------------------------+
int CReportHashes::Count(void) const
  {
   return(m_count);
  }
//+------------------------------------------------------------------+
//| Note a report of a reading; return whether it is new.            |
//+------------------------------------------------------------------+
ENUM_REPORT_NOVELTY CReportHashes::Update(const string key,const string content,const long reading)
  {
   long key_hash=TextHash(key);
   long content_hash=TextHash(content);
   int index=m_index.Find(key_hash);
   if(index!=LONG_MAP_NONE)
     {
      if(m_readings[index]>reading)
         return(REPORT_OUTDATED);
      bool news=(m_contents[index]!=content_hash);
      m_contents[index]=content_hash;
      m_readings[index]=reading;
      return(news ? REPORT_NEW : REPORT_UNCHANGED);
     }
   if(m_count>=ArraySize(m_keys))
     {
      ArrayResize(m_keys,2*m_count+64);
      ArrayResize(m_contents,2*m_count+64);
      ArrayResize(m_readings,2*m_count+64);
     }
   m_keys[m_count]=key_hash;
   m_contents[m_count]=content_hash;
   m_readings[m_count]=reading;
   m_index.Put(key_hash,m_count);
   m_count++;
   return(REPORT_NEW);
  }
//+------------------------------------------------------------------+
//| Remove the reports that no reading since this one had: no later  |
//| scan can find them.                                              |
//+------------------------------------------------------------------+
void CReportHashes::Forget(const long before)
  {
   int kept=0;
   m_index.Clear();
   for(int i=0; i<m_count; i++)
     {
      if(m_readings[i]<before)
         continue;
      m_keys[kept]=m_keys[i];
      m_contents[kept]=m_contents[i];
      m_readings[kept]=m_readings[i];
      m_index.Put(m_keys[kept],kept);
      kept++;
     }
   m_count=kept;
  }
//+------------------------------------------------------------------+
