//+------------------------------------------------------------------+
//|                                                     Settings.mqh |
//| The program's inputs, checked. A wrong one is named, with what   |
//| to write instead. No call into the terminal.                     |
//+------------------------------------------------------------------+
#include "..\Common\Log.mqh"
#include "..\Risk\RiskLimits.mqh"

#define KEY_BYTES 32
#define POLL_LEAST_S 1
#define POLL_MOST_S 300
#define TIMER_LEAST_MS 10
#define TIMER_MOST_MS 1000
#define POINTS_MOST 999999
//+------------------------------------------------------------------+
//| All inputs                                                       |
//+------------------------------------------------------------------+
struct SSettings
  {
   string            officer;
   string            key;        // 64 hex digits
   string            host;
   int               port;
   int               poll_interval_s;
   int               timer_ms;
   ENUM_LOG_LEVEL    log_level;
   SLimits           limits;
  };
//+------------------------------------------------------------------+
//| Trim texts (a .set file may leave a carriage return), and keep   |
//| numbers within their bounds                                      |
//+------------------------------------------------------------------+
void TidySettings(SSettings &settings)
  {
   settings.officer=Trimmed(settings.officer);
   settings.key=Trimmed(settings.key);
   settings.host=Trimmed(settings.host);
   settings.limits.symbols=TidySymbols(settings.limits.symbols);
   if(settings.poll_interval_s<POLL_LEAST_S)
      settings.poll_interval_s=POLL_LEAST_S;
   if(settings.poll_interval_s>POLL_MOST_S)
      settings.poll_interval_s=POLL_MOST_S;
   if(settings.timer_ms<TIMER_LEAST_MS)
      settings.timer_ms=TIMER_LEAST_MS;
   if(settings.timer_ms>TIMER_MOST_MS)
      settings.timer_ms=TIMER_MOST_MS;
  }
//+------------------------------------------------------------------+
//| Which of the guards is wrong; empty where none is                |
//+------------------------------------------------------------------+
string WrongRiskLimit(const SLimits &limits)
  {
   string name="";
   if(limits.max_symbol_positions<0)
      name="Maximum positions per symbol";
   else if(limits.max_symbol_lots<0.0)
      name="Maximum volume per symbol";
   else if(limits.max_orders_per_minute<0)
      name="Maximum orders per minute";
   else if(limits.min_margin_level<0.0)
      name="Minimum margin level";
   else if(limits.max_daily_loss<0.0)
      name="Maximum daily loss";
   return((name=="") ? "" : "the input '"+name+"' is negative: write 0 for no limit");
  }
//+------------------------------------------------------------------+
//| Which input is wrong, and what to write; empty where none is     |
//+------------------------------------------------------------------+
string WrongSetting(const SSettings &settings)
  {
   uchar key[];
   if(!IsName(settings.officer))
      return("the input 'Officer id' is empty: write the id of the sidecar's configuration");
   if(!HexBytes(settings.key,KEY_BYTES,key))
      return("the input 'Link key' is not 64 hex digits: copy them from the officer's .linkkey file");
   if(StringLen(settings.host)==0)
      return("the input 'Host' is empty: write 127.0.0.1");
   if(settings.port<1 || settings.port>65535)
      return("the input 'Port' is not from 1 to 65535: write the port of the sidecar's [link] endpoint");
   if(settings.limits.max_lot<0.0)
      return("the input 'Maximum lot' is negative");
   if(settings.limits.deviation<0 || settings.limits.deviation>POINTS_MOST)
      return("the input 'Default deviation' is not from 0 to 999999 points");
   if(settings.limits.max_deviation<0 || settings.limits.max_deviation>POINTS_MOST)
      return("the input 'Maximum deviation' is not from 0 to 999999 points");
   if(settings.limits.max_spread<0)
      return("the input 'Maximum spread' is negative: write 0 for no limit");
   return(WrongRiskLimit(settings.limits));
  }
//+------------------------------------------------------------------+
