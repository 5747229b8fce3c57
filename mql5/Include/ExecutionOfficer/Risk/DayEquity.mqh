//+------------------------------------------------------------------+
//|                                                    DayEquity.mqh |
//| The equity with which the broker's day began. Kept in two global |
//| variables of the terminal: a restart must not begin the day anew.|
//+------------------------------------------------------------------+
#include "..\Terminal\GlobalVariables.mqh"

#define DAY_MS 86400000
//+------------------------------------------------------------------+
//| Of one account                                                   |
//+------------------------------------------------------------------+
class CDayEquity
  {
private:
   string            m_name;     // of the variables, without their ends; a name has at most 63 characters
   long              m_day;      // days of the broker's clock since 1970; 0: none yet
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
//| No day yet                                                       |
//+------------------------------------------------------------------+
CDayEquity::CDayEquity(void)
  {
   Reset();
  }
//+------------------------------------------------------------------+
//| No day yet, and nobody's                                         |
//+------------------------------------------------------------------+
void CDayEquity::Reset(void)
  {
   m_name="";
   m_day=0;
   m_equity=0.0;
  }
//+------------------------------------------------------------------+
//| What an earlier load, or another terminal session, has kept      |
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
//| How the account stands now. A day whose beginning was not seen   |
//| begins when it is first seen; a clock that was set back does not |
//| begin an earlier one. An equity of 0 is none that a day begins   |
//| with: the account is not in the terminal yet.                    |
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
   // The day last: torn between the two, the next load begins the day anew.
   GlobalVariableSet(m_name+".equity",equity);
   GlobalVariableSet(m_name+".day",(double)day);
   GlobalVariablesFlush();
  }
//+------------------------------------------------------------------+
