//+------------------------------------------------------------------+
//|                                                          Log.mqh |
//| Lines for the Experts journal: level, text and a stable code that|
//| programs can search for. The link key never appears in them.     |
//+------------------------------------------------------------------+
#include "Clock.mqh"

#define LOG_REPEAT_MS 60000       // a repeated line is printed again after this time
enum ENUM_LOG_LEVEL
  {
   LOG_LEVEL_ERROR,   // Errors only
   LOG_LEVEL_WARNING, // Errors and warnings
   LOG_LEVEL_INFO,    // Errors, warnings and events
   LOG_LEVEL_DEBUG    // Everything, including details for developers
  };
//+------------------------------------------------------------------+
//| Printer of lines of a level and above.                           |
//+------------------------------------------------------------------+
class CLog
  {
private:
   ENUM_LOG_LEVEL    m_level;
   string            m_last; // the last line; its repetition is not printed
   long              m_last_ms;

   void              Write(const ENUM_LOG_LEVEL level,const string label,const string code,const string text);

public:
                     CLog(void);
   void              Level(const ENUM_LOG_LEVEL level);
   bool              Debugging(void) const;
   void              Error(const string code,const string text);
   void              Warning(const string code,const string text);
   void              Info(const string code,const string text);
   void              Debug(const string code,const string text);
  };
//+------------------------------------------------------------------+
//| Create it at the level INFO.                                     |
//+------------------------------------------------------------------+
CLog::CLog(void)
  {
   m_level=LOG_LEVEL_INFO;
   m_last="";
   m_last_ms=0;
  }
//+------------------------------------------------------------------+
//| Set the level.                                                   |
//+------------------------------------------------------------------+
void CLog::Level(const ENUM_LOG_LEVEL level)
  {
   m_level=level;
   m_last="";
  }
//+------------------------------------------------------------------+
//| Return whether debug lines are printed.                          |
//+------------------------------------------------------------------+
bool CLog::Debugging(void) const
  {
   return(m_level==LOG_LEVEL_DEBUG);
  }
//+------------------------------------------------------------------+
//| Print a line, unless its level is too low or it repeats the last |
//| line.                                                            |
//+------------------------------------------------------------------+
void CLog::Write(const ENUM_LOG_LEVEL level,const string label,const string code,const string text)
  {
   string line=label+": "+text+" code="+code;
   long mono_ms=MonoMs();
   if(level>m_level || (line==m_last && mono_ms<m_last_ms+LOG_REPEAT_MS))
      return;
   m_last=line;
   m_last_ms=mono_ms;
   Print(line);
  }
//+------------------------------------------------------------------+
//| Print an error: action required.                                 |
//+------------------------------------------------------------------+
void CLog::Error(const string code,const string text)
  {
   Write(LOG_LEVEL_ERROR,"error",code,text);
  }
//+------------------------------------------------------------------+
//| Print a warning: it may pass without action.                     |
//+------------------------------------------------------------------+
void CLog::Warning(const string code,const string text)
  {
   Write(LOG_LEVEL_WARNING,"warning",code,text);
  }
//+------------------------------------------------------------------+
//| Print an event.                                                  |
//+------------------------------------------------------------------+
void CLog::Info(const string code,const string text)
  {
   Write(LOG_LEVEL_INFO,"info",code,text);
  }
//+------------------------------------------------------------------+
//| Print a detail for developers.                                   |
//+------------------------------------------------------------------+
void CLog::Debug(const string code,const string text)
  {
   Write(LOG_LEVEL_DEBUG,"debug",code,text);
  }
//+------------------------------------------------------------------+
