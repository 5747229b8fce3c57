//+------------------------------------------------------------------+
//|                                                    DayEquity.mqh |
//| Equity at the start of the broker's day. It is kept in two       |
//| global variables of the terminal: a restart must not start the   |
//| day again.                                                       |
//+------------------------------------------------------------------+
#include "..\Terminal\GlobalVariables.mqh"

#define DAY_MS 86400000
//+------------------------------------------------------------------+
//| Equity of one account.                                           |
//+------------------------------------------------------------------+
class CDayEquity
  {
private:
   string            m_name; // prefix of the variables' names
   long              m_day;  // days of the broker's clock since 1970; 0: none yet
   double            m_equity;

   void              Read(const SAccount &account);

public:
                     CDayEquity(void);
   void              Reset(void);
   void              Update(const SAccount &account,const long server_ms,const double equity);
   bool              Known(void) const { return(m_day>0); }
   double            Equity(void) const { return(m_equity); }
  };
//+------------------------------------------------------------------+
//| Create it without a day.                                         |
//+------------------------------------------------------------------+
CDayEquity::CDayEquity(void)
  {
   Reset();
  }
//+------------------------------------------------------------------+
//| Forget account and day.                                          |
//+------------------------------------------------------------------+
void CDayEquity::Reset(void)
  {
   m_name="";
   m_day=0;
   m_equity=0.0;
  }
//+------------------------------------------------------------------+
//| Read the values of an earlier load or terminal session.          |
//+------------------------------------------------------------------+
void CDayEquity::Read(const SAccount &account)
  {
   string name=AccountVariable(account);
   if(name==m_name)
      return;
   Reset();
   m_name=name;
   double day=0.0;
   double equity=0.0;
   if(GlobalVariableGet(name+".day",day) && GlobalVariableGet(name+".equity",equity))
     {
      m_day=(long)day;
      m_equity=equity;
     }
  }
//+------------------------------------------------------------------+
//| Update with the equity now. A day whose start was not seen       |
//| starts when it is first seen; a clock that was set back starts   |
//| no day. An equity of 0 is ignored: the account is not loaded     |
//| yet.                                                             |
//+------------------------------------------------------------------+
void CDayEquity::Update(const SAccount &account,const long server_ms,const double equity)
  {
   if(!account.known || server_ms<=0 || equity<=0.0)
      return;
   Read(account);
   long day=server_ms/DAY_MS;
   if(day<=m_day)
      return;
   m_day=day;
   m_equity=equity;
   // The day is written last: after a crash between the two, the next load starts the day again.
   GlobalVariableSet(m_name+".equity",equity);
   GlobalVariableSet(m_name+".day",(double)day);
   GlobalVariablesFlush();
  }
//+------------------------------------------------------------------+
