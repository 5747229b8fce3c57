//+------------------------------------------------------------------+
//|                                                     Settings.mqh |
//| Inputs of the program, with their checks. A message names the    |
//| input and the value to set. No call into the terminal.           |
//+------------------------------------------------------------------+
#include "..\Common\Log.mqh"
#include "..\Risk\RiskLimits.mqh"

#define KEY_BYTES 32
#define POLL_MIN_S 1
#define POLL_MAX_S 300
#define TIMER_MIN_MS 10
#define TIMER_MAX_MS 1000
#define INPUT_TEXT_MOST 254 // characters of a text input and its name together; the terminal cuts the rest
//+------------------------------------------------------------------+
//| All inputs.                                                      |
//+------------------------------------------------------------------+
struct SSettings
  {
   string            officer;
   string            key; // 64 hex digits
   string            host;
   int               port;
   int               poll_interval_s;
   int               timer_ms;
   ENUM_LOG_LEVEL    log_level;
   string            symbols[3]; // the inputs of the list of allowed symbols, as they came
   SRiskLimits       risk_limits;
  };
//+------------------------------------------------------------------+
//| Trim texts (a .set file may leave a carriage return), and bring  |
//| numbers within their bounds.                                     |
//+------------------------------------------------------------------+
void NormalizeSettings(SSettings &settings)
  {
   settings.officer=Trimmed(settings.officer);
   settings.key=Trimmed(settings.key);
   settings.host=Trimmed(settings.host);
   settings.risk_limits.symbols=NormalizeSymbols(settings.symbols[0]+","+settings.symbols[1]+","+settings.symbols[2]);
   // 0 leaves the interval to the sidecar's configuration.
   if(settings.poll_interval_s!=0 && settings.poll_interval_s<POLL_MIN_S)
      settings.poll_interval_s=POLL_MIN_S;
   if(settings.poll_interval_s>POLL_MAX_S)
      settings.poll_interval_s=POLL_MAX_S;
   if(settings.timer_ms<TIMER_MIN_MS)
      settings.timer_ms=TIMER_MIN_MS;
   if(settings.timer_ms>TIMER_MAX_MS)
      settings.timer_ms=TIMER_MAX_MS;
  }
//+------------------------------------------------------------------+
//| Return the account limit that is invalid; empty where none is.   |
//+------------------------------------------------------------------+
string RiskLimitProblem(const SRiskLimits &risk_limits)
  {
   string name="";
   if(risk_limits.max_symbol_positions<0)
      name="Maximum positions per symbol";
   else if(risk_limits.max_symbol_lots<0.0)
      name="Maximum volume per symbol";
   else if(risk_limits.max_orders_per_minute<0)
      name="Maximum orders per minute";
   else if(risk_limits.min_margin_level<0.0)
      name="Minimum margin level";
   else if(risk_limits.max_daily_loss<0.0)
      name="Maximum daily loss";
   return((name=="") ? "" : "the input '"+name+"' is negative: set 0 for no limit");
  }
//+------------------------------------------------------------------+
//| Return the problem of a text input that fills all the room that  |
//| the terminal has for it: its end may be missing. Empty: none.    |
//+------------------------------------------------------------------+
string LengthProblem(const string label,const string name,const string value,const string remedy)
  {
   int most=INPUT_TEXT_MOST-StringLen(name);
   if(StringLen(value)<most)
      return("");
   return("the input '"+label+"' has "+IntegerToString(most)+" characters, the most that the terminal keeps, so its end"
          +" may be missing: "+remedy);
  }
//+------------------------------------------------------------------+
//| Return the text input that may have been cut; empty where none   |
//| is. An officer id or a link key of that length is invalid anyway.|
//+------------------------------------------------------------------+
string CutTextProblem(const SSettings &settings)
  {
   string remedy="divide the list among the three inputs for symbols";
   string problem=LengthProblem("Symbols allowed for opening","InpSymbols",settings.symbols[0],remedy);
   if(problem=="")
      problem=LengthProblem("Further symbols, first continuation","InpSymbols2",settings.symbols[1],remedy);
   if(problem=="")
      problem=LengthProblem("Further symbols, second continuation","InpSymbols3",settings.symbols[2],remedy);
   return((problem!="") ? problem : LengthProblem("Host","InpHost",settings.host,"set a shorter name, or an address"));
  }
//+------------------------------------------------------------------+
//| Return the input that is invalid, with its remedy; empty where   |
//| none is.                                                         |
//+------------------------------------------------------------------+
string SettingProblem(const SSettings &settings)
  {
   uchar key[];
   if(!IsName(settings.officer))
      return("the input 'Officer id' is empty: set the id of the sidecar's configuration");
   if(!HexBytes(settings.key,KEY_BYTES,key))
      return("the input 'Link key' is not 64 hex digits: copy them from the officer's .linkkey file");
   string cut=CutTextProblem(settings);
   if(cut!="")
      return(cut);
   if(StringLen(settings.host)==0)
      return("the input 'Host' is empty: set 127.0.0.1");
   if(settings.port<1 || settings.port>65535)
      return("the input 'Port' is "+IntegerToString(settings.port)+", not from 1 to 65535: set the port of the"
             +" sidecar's [link] endpoint");
   if(settings.risk_limits.max_lot<0.0)
      return("the input 'Maximum lot' is negative: set the maximum volume of an opening order in lots");
   if(settings.risk_limits.default_deviation<0 || settings.risk_limits.default_deviation>POINTS_MAX)
      return("the input 'Default deviation' is "+IntegerToString(settings.risk_limits.default_deviation)
             +", not from 0 to 999999: set a number of points");
   if(settings.risk_limits.max_deviation<0 || settings.risk_limits.max_deviation>POINTS_MAX)
      return("the input 'Maximum deviation' is "+IntegerToString(settings.risk_limits.max_deviation)
             +", not from 0 to 999999: set a number of points");
   if(settings.risk_limits.max_spread<0)
      return("the input 'Maximum spread' is negative: set 0 for no limit");
   return(RiskLimitProblem(settings.risk_limits));
  }
//+------------------------------------------------------------------+
