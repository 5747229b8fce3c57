//+------------------------------------------------------------------+
//|                                             ExecutionOfficer.mq5 |
//| Execute the sidecar's commands on this account, and report the   |
//| broker's records over the link. No DLL and no other library.     |
//| Attach it to one chart of the account; any chart will do. See    |
//| mql5/README.md.                                                  |
//+------------------------------------------------------------------+
#property copyright   "MIT License"
#property version     "1.00"
#property description "Execution bridge: executes the commands of the sidecar on this account."
#property description "One per account, on any chart. 'Allow DLL imports' is not needed."

#include <ExecutionOfficer\Program\Officer.mqh>

#define PROGRAM "ExecutionOfficer 1.00"

input group "Link"
input string         InpOfficer="eo-001";                // Officer id, as in the sidecar's configuration
input string         InpLinkKey="";                      // Link key: 64 hex digits of the .linkkey file
input string         InpHost="127.0.0.1";                // Host of the sidecar
input int            InpPort=5760;                       // Port of the sidecar's link
input int            InpPollIntervalS=5;                 // Poll the Director every N seconds (1..300; 0: as the sidecar)
input group "Allowed actions"
input bool           InpAllowLong=true;                  // Allow opening long positions
input bool           InpAllowShort=true;                 // Allow opening short positions
input bool           InpAllowCloses=true;                // Allow closing positions
input bool           InpAllowModify=true;                // Allow changing positions and pending orders
input bool           InpAllowCancel=true;                // Allow cancelling pending orders
input string         InpSymbols="";                      // Symbols allowed for opening, comma-separated (empty: all)
input string         InpSymbols2="";                     // Further symbols, first continuation
input string         InpSymbols3="";                     // Further symbols, second continuation
input group "Risk limits of each order"
input double         InpMaxLot=1.00;                     // Maximum lot of an opening order
input int            InpDeviation=20;                    // Default deviation, points
input int            InpMaxDeviation=100;                // Maximum deviation, points
input int            InpMaxSpread=0;                     // Maximum spread for opening, points (0: no limit)
input group "Risk limits of all orders together"
input int            InpMaxSymbolPositions=0;            // Maximum positions per symbol (0: no limit)
input double         InpMaxSymbolLots=0.0;               // Maximum volume per symbol, lots (0: no limit)
input int            InpMaxOrdersPerMinute=0;            // Maximum orders per minute (0: no limit)
input double         InpMinMarginLevel=0.0;              // Minimum margin level, percent (0: no limit)
input double         InpMaxDailyLoss=0.0;                // Maximum daily loss, account currency (0: no limit)
input group "Program"
input int            InpTimerMs=20;                      // Timer, milliseconds (10..1000)
input ENUM_LOG_LEVEL InpLogLevel=LOG_LEVEL_INFO;         // Level of lines in the Experts journal

COfficer             ExtOfficer;
//+------------------------------------------------------------------+
//| Load the program: at the start, and after each change of         |
//| timeframe, inputs or account.                                    |
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
   settings.risk_limits.allow_long=InpAllowLong;
   settings.risk_limits.allow_short=InpAllowShort;
   settings.risk_limits.allow_close=InpAllowCloses;
   settings.risk_limits.allow_modify=InpAllowModify;
   settings.risk_limits.allow_cancel=InpAllowCancel;
   settings.symbols[0]=InpSymbols;
   settings.symbols[1]=InpSymbols2;
   settings.symbols[2]=InpSymbols3;
   settings.risk_limits.max_lot=InpMaxLot;
   settings.risk_limits.default_deviation=InpDeviation;
   settings.risk_limits.max_deviation=InpMaxDeviation;
   settings.risk_limits.max_spread=InpMaxSpread;
   settings.risk_limits.max_symbol_positions=InpMaxSymbolPositions;
   settings.risk_limits.max_symbol_lots=InpMaxSymbolLots;
   settings.risk_limits.max_orders_per_minute=InpMaxOrdersPerMinute;
   settings.risk_limits.min_margin_level=InpMinMarginLevel;
   settings.risk_limits.max_daily_loss=InpMaxDailyLoss;
   ExtOfficer.Load(settings,PROGRAM);
   // An invalid input is shown on the chart: a program that refuses to load shows nothing.
   if(!EventSetMillisecondTimer(ExtOfficer.TimerMs()))
     {
      Print("error: the terminal started no timer, error ",GetLastError()," code=timer_failed");
      return(INIT_FAILED);
     }
   return(INIT_SUCCEEDED);
  }
//+------------------------------------------------------------------+
//| End this load of the program.                                    |
//+------------------------------------------------------------------+
void OnDeinit(const int reason)
  {
   EventKillTimer();
   ExtOfficer.Unload(reason);
  }
//+------------------------------------------------------------------+
//| Do the work. Orders are sent from here only.                     |
//+------------------------------------------------------------------+
void OnTimer(void)
  {
   ExtOfficer.OnTimer();
  }
//+------------------------------------------------------------------+
//| Schedule a scan: something was traded.                           |
//+------------------------------------------------------------------+
void OnTradeTransaction(const MqlTradeTransaction &transaction,const MqlTradeRequest &request,
                        const MqlTradeResult &result)
  {
   ExtOfficer.OnTransaction();
  }
//+------------------------------------------------------------------+
//| Pass a click on the chart's button to the program.               |
//+------------------------------------------------------------------+
void OnChartEvent(const int id,const long &number,const double &real,const string &name)
  {
   if(id==CHARTEVENT_OBJECT_CLICK)
      ExtOfficer.OnClick(name);
  }
//+------------------------------------------------------------------+
