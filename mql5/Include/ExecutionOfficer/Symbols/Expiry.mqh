//+------------------------------------------------------------------+
//|                                                       Expiry.mqh |
//| Expiry of a pending order, in the modes that the symbol allows.  |
//| No call into the terminal.                                       |
//|                                                                  |
//|   time in force   first mode that the symbol allows              |
//|   GTC             GTC, DAY                                       |
//|   DAY             DAY, SPECIFIED_DAY of today                    |
//|   GTD             SPECIFIED, SPECIFIED_DAY of the last day that  |
//|                   ends by then                                   |
//|                                                                  |
//| Never longer than requested. An order of SPECIFIED_DAY lives     |
//| until 23:59:59 of its day; whether that second is included is    |
//| not documented, so a day ends at midnight. All times are the     |
//| broker's.                                                        |
//+------------------------------------------------------------------+
#include "..\Link\Records.mqh"

#define DAY_S 86400
#define LAST_SECOND_S 86399
// 3000.12.31 23:59:59 is the last value of datetime (MQL5 reference, Datetime type).
#define LAST_DATETIME_S 32535215999
//+------------------------------------------------------------------+
//| Values of type_time and expiration.                              |
//+------------------------------------------------------------------+
struct SExpiry
  {
   ENUM_ORDER_TYPE_TIME type_time;
   long              expiration_s; // 0: none
  };
//+------------------------------------------------------------------+
//| Return a time as MetaTrader writes it.                           |
//+------------------------------------------------------------------+
string ClockText(const long server_ms)
  {
   return(TimeToString((datetime)(server_ms/1000),TIME_DATE|TIME_SECONDS));
  }
//+------------------------------------------------------------------+
//| Return the modes of SYMBOL_EXPIRATION_MODE, for messages.        |
//+------------------------------------------------------------------+
string ExpiryNames(const long allowed)
  {
   string names="";
   if((allowed&SYMBOL_EXPIRATION_GTC)!=0)
      names+=", GTC";
   if((allowed&SYMBOL_EXPIRATION_DAY)!=0)
      names+=", DAY";
   if((allowed&SYMBOL_EXPIRATION_SPECIFIED)!=0)
      names+=", SPECIFIED";
   if((allowed&SYMBOL_EXPIRATION_SPECIFIED_DAY)!=0)
      names+=", SPECIFIED_DAY";
   return((names=="") ? "none" : StringSubstr(names,2));
  }
//+------------------------------------------------------------------+
//| Refuse an expiry. Always false.                                  |
//+------------------------------------------------------------------+
bool RefuseExpiry(SNotSent &answer,const string message)
  {
   return(NotSent(answer,"CHECK",message,TRADE_RETCODE_INVALID_EXPIRATION));
  }
//+------------------------------------------------------------------+
//| Set the end of a day. Its last second: a server that uses the    |
//| date alone and one that uses the time agree on it.               |
//+------------------------------------------------------------------+
bool UntilEndOf(const long day,SExpiry &expiry)
  {
   expiry.type_time=ORDER_TIME_SPECIFIED_DAY;
   expiry.expiration_s=day*DAY_S+LAST_SECOND_S;
   return(true);
  }
//+------------------------------------------------------------------+
//| Choose the mode of an expiry time. `symbol` is for messages.     |
//+------------------------------------------------------------------+
bool ChooseMoment(const string symbol,const long allowed,const long expires_server_ms,const long server_ms,
                  SExpiry &expiry,SNotSent &answer)
  {
   long expires_s=expires_server_ms/1000;
   if(expires_server_ms==0)
      return(RefuseExpiry(answer,"expires_server_ms is missing; time_in_force GTD requires it"));
   if(expires_s>LAST_DATETIME_S)
      return(RefuseExpiry(answer,"expires_server_ms "+IntegerToString(expires_server_ms)+" is behind MQL5's last time, 3000.12.31 23:59:59; use GTC"));
   if(1000*expires_s<=server_ms)
      return(RefuseExpiry(answer,"the expiry "+ClockText(expires_server_ms)+" has passed; the server time is "+ClockText(server_ms)));
   if((allowed&SYMBOL_EXPIRATION_SPECIFIED)!=0)
     {
      expiry.type_time=ORDER_TIME_SPECIFIED;
      expiry.expiration_s=expires_s;
      return(true);
     }
   if((allowed&SYMBOL_EXPIRATION_SPECIFIED_DAY)==0)
      return(RefuseExpiry(answer,"time_in_force GTD requires SPECIFIED or SPECIFIED_DAY; "+symbol+" allows "+ExpiryNames(allowed)));
   UntilEndOf(expires_s/DAY_S-1,expiry);
   if(1000*expiry.expiration_s<=server_ms)
      return(RefuseExpiry(answer,symbol+" allows an expiry at the end of a day only; no day ends between now and "
                         +ClockText(expires_server_ms)));
   return(true);
  }
//+------------------------------------------------------------------+
//| Choose the mode of a time in force; return false where there is  |
//| none. `allowed` is SYMBOL_EXPIRATION_MODE.                       |
//+------------------------------------------------------------------+
bool ChooseExpiry(const string time_in_force,const string symbol,const long allowed,const long expires_server_ms,
                  const long server_ms,SExpiry &expiry,SNotSent &answer)
  {
   expiry.type_time=ORDER_TIME_GTC;
   expiry.expiration_s=0;
   if(!IsOneOf(time_in_force,TIMES_IN_FORCE))
      return(RefuseValue(answer,"time_in_force",time_in_force,TIMES_IN_FORCE,TRADE_RETCODE_INVALID_EXPIRATION));
   if(time_in_force==TIME_IN_FORCE_GTD)
      return(ChooseMoment(symbol,allowed,expires_server_ms,server_ms,expiry,answer));
   if(time_in_force==TIME_IN_FORCE_GTC && (allowed&SYMBOL_EXPIRATION_GTC)!=0)
      return(true);
   if((allowed&SYMBOL_EXPIRATION_DAY)!=0)
     {
      expiry.type_time=ORDER_TIME_DAY;
      return(true);
     }
   if(time_in_force==TIME_IN_FORCE_DAY && (allowed&SYMBOL_EXPIRATION_SPECIFIED_DAY)!=0)
      return(UntilEndOf(server_ms/1000/DAY_S,expiry));
   return(RefuseExpiry(answer,"time_in_force "+time_in_force+" requires "+((time_in_force==TIME_IN_FORCE_GTC) ? "GTC or DAY" : "DAY or SPECIFIED_DAY")+"; "
                      +symbol+" allows "+ExpiryNames(allowed)));
  }
//+------------------------------------------------------------------+
