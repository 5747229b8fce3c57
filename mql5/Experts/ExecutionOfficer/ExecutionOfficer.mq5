//+------------------------------------------------------------------+
//|                                             ExecutionOfficer.mq5 |
//| Executes what the sidecar sends over the link, and reports what  |
//| the broker's records say. No DLL, no other library. Attach it to |
//| one chart of the account, whichever. See mql5/README.md.         |
//+------------------------------------------------------------------+
#property copyright   "MIT License"
#property version     "1.00"
#property description "Execution bridge: carries out commands of the sidecar on this account."
#property description "One per account, on any chart. 'Allow DLL imports' is not needed."

#include <ExecutionOfficer\Officer.mqh>

#define PROGRAM "ExecutionOfficer 1.00"

input group "Link"
input string         InpOfficer="eo-001";                // Officer id, as in the sidecar's configuration
input string         InpLinkKey="";                      // Link key: 64 hex digits of the .linkkey file
input string         InpHost="127.0.0.1";                // Host of the sidecar
input int            InpPort=5760;                       // Port of the sidecar's link
input int            InpPollIntervalS=5;                 // Poll the Director every N seconds (1..300)
input group "Limits"
input bool           InpAllowOpens=true;                 // Allow opening positions
input bool           InpAllowCloses=true;                // Allow closing positions
input double         InpMaxLot=1.00;                     // Maximum lot of an opening order
input int            InpDeviation=20;                    // Default deviation, points
input int            InpMaxDeviation=100;                // Maximum deviation, points
input int            InpMaxSpread=0;                     // Maximum spread for opening, points (0: any)
input group "Program"
input int            InpTimerMs=20;                      // Timer, milliseconds (10..1000)
input ENUM_LOG_LEVEL InpLogLevel=LOG_LEVEL_INFO;         // What the Experts journal gets

COfficer             ExtOfficer;
//+------------------------------------------------------------------+
//| A load: at the start, and after each change of timeframe, inputs |
//| or account                                                       |
//+------------------------------------------------------------------+
int OnInit(void)
  {
   SSettings settings;
   settings.officer=InpOfficer;
   settings.key=InpLinkKey;
   settings.host=InpHost;
   settings.port=InpPort;
   settings.poll_interval_s=InpPollIntervalS;
   settings.timer_ms=InpTimerMs;
   settings.log_level=InpLogLevel;
   settings.limits.allow_open=InpAllowOpens;
   settings.limits.allow_close=InpAllowCloses;
   settings.limits.max_lot=InpMaxLot;
   settings.limits.deviation=InpDeviation;
   settings.limits.max_deviation=InpMaxDeviation;
   settings.limits.max_spread=InpMaxSpread;
   ExtOfficer.Load(settings,PROGRAM);
   // A wrong input is shown on the chart: a program that refuses to load shows nothing.
   if(!EventSetMillisecondTimer(ExtOfficer.TimerMs()))
     {
      Print("error: the terminal gives no timer (error ",GetLastError(),")");
      return(INIT_FAILED);
     }
   return(INIT_SUCCEEDED);
  }
//+------------------------------------------------------------------+
//| The end of a load                                                |
//+------------------------------------------------------------------+
void OnDeinit(const int reason)
  {
   EventKillTimer();
   ExtOfficer.Unload(reason);
  }
//+------------------------------------------------------------------+
//| The only place where work is done                                |
//+------------------------------------------------------------------+
void OnTimer(void)
  {
   ExtOfficer.OnTimer();
  }
//+------------------------------------------------------------------+
//| Something traded                                                 |
//+------------------------------------------------------------------+
void OnTradeTransaction(const MqlTradeTransaction &transaction,const MqlTradeRequest &request,
                        const MqlTradeResult &result)
  {
   ExtOfficer.OnTransaction();
  }
//+------------------------------------------------------------------+
