//+------------------------------------------------------------------+
//|                                                          Log.mqh |
//| Lines for the Experts journal. No key is ever among them.        |
//+------------------------------------------------------------------+
#include "Clock.mqh"

#define LOG_REPEAT_MS 60000       // what is still so a minute later is said again
enum ENUM_LOG_LEVEL
  {
   LOG_LEVEL_ERROR,      // Errors only
   LOG_LEVEL_WARNING,    // and warnings
   LOG_LEVEL_INFO,       // and what happens
   LOG_LEVEL_DEBUG       // and every message
  };
//+------------------------------------------------------------------+
//| Prints what is at least as important as asked for                |
//+------------------------------------------------------------------+
class CLog
  {
private:
   ENUM_LOG_LEVEL    m_level;
   string            m_last;     // a line that would only repeat itself is not printed
   long              m_last_ms;

   void              Write(const ENUM_LOG_LEVEL level,const string word,const string text);

public:
                     CLog(void);
   void              Level(const ENUM_LOG_LEVEL level);
   bool              Debugging(void) const;
   void              Error(const string text);
   void              Warning(const string text);
   void              Info(const string text);
   void              Debug(const string text);
  };
//+------------------------------------------------------------------+
//| Errors, warnings and what happens                                |
//+------------------------------------------------------------------+
CLog::CLog(void)
  {
   m_level=LOG_LEVEL_INFO;
   m_last="";
   m_last_ms=0;
  }
//+------------------------------------------------------------------+
//| Print no less important lines than this                          |
//+------------------------------------------------------------------+
void CLog::Level(const ENUM_LOG_LEVEL level)
  {
   m_level=level;
   m_last="";
  }
//+------------------------------------------------------------------+
//| Whether every message is printed                                 |
//+------------------------------------------------------------------+
bool CLog::Debugging(void) const
  {
   return(m_level==LOG_LEVEL_DEBUG);
  }
//+------------------------------------------------------------------+
//| One line                                                         |
//+------------------------------------------------------------------+
void CLog::Write(const ENUM_LOG_LEVEL level,const string word,const string text)
  {
   string line=word+": "+text;
   long mono_ms=MonoMs();
   if(level>m_level || (line==m_last && mono_ms<m_last_ms+LOG_REPEAT_MS))
      return;
   m_last=line;
   m_last_ms=mono_ms;
   Print(line);
  }
//+------------------------------------------------------------------+
//| Something is wrong, and a person must act                        |
//+------------------------------------------------------------------+
void CLog::Error(const string text)
  {
   Write(LOG_LEVEL_ERROR,"error",text);
  }
//+------------------------------------------------------------------+
//| Something is wrong, and it may pass                              |
//+------------------------------------------------------------------+
void CLog::Warning(const string text)
  {
   Write(LOG_LEVEL_WARNING,"warning",text);
  }
//+------------------------------------------------------------------+
//| Something happened                                               |
//+------------------------------------------------------------------+
void CLog::Info(const string text)
  {
   Write(LOG_LEVEL_INFO,"info",text);
  }
//+------------------------------------------------------------------+
//| Something that only a developer wants to see                     |
//+------------------------------------------------------------------+
void CLog::Debug(const string text)
  {
   Write(LOG_LEVEL_DEBUG,"debug",text);
  }
//+------------------------------------------------------------------+
