//+------------------------------------------------------------------+
//|                                                  MessagesOut.mqh |
//| Messages to the sidecar, as JSON. A report is JSON already.      |
//+------------------------------------------------------------------+
#include "..\Common\Text.mqh"
#include "..\Json\Writer.mqh"
#include "Records.mqh"

#define PROTOCOL_MIN 2
#define PROTOCOL_MAX 2
//+------------------------------------------------------------------+
//| Return the first message of a session.                           |
//+------------------------------------------------------------------+
string HelloMessage(const string officer,const string instance_id,const string nonce)
  {
   CJsonWriter json;
   json.Text("type","hello");
   json.Integer("min_version",PROTOCOL_MIN);
   json.Integer("max_version",PROTOCOL_MAX);
   json.Text("officer",officer);
   json.Text("instance_id",instance_id);
   json.Text("nonce",nonce);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Return our proof, with account and ledger.                       |
//+------------------------------------------------------------------+
string ProveMessage(const string proof,const SAccount &account,const SLedgerIdentity &ledger,const string program,
                    const long server_ms,const long poll_interval_s)
  {
   CJsonWriter json;
   json.Text("type","prove");
   json.Text("proof",proof);
   json.Open("account");
   json.Integer("login",account.login);
   json.Text("server",account.server);
   json.Text("margin_mode",account.margin_mode);
   json.Text("trade_mode",account.trade_mode);
   json.Text("currency",account.currency);
   json.Close();
   json.Open("ledger");
   json.Text("id",ledger.id);
   json.Integer("mark",ledger.mark);
   json.Flag("unbroken",ledger.unbroken);
   json.Number("instances",ledger.instances);
   json.IntegerIfAny("login",ledger.login);
   json.Close();
   json.Text("program",Shorten(program,TEXT_MAX));
   json.Integer("server_ms",server_ms);
   json.IntegerIfAny("poll_interval_s",poll_interval_s);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Return a heartbeat with the state of the terminal.               |
//+------------------------------------------------------------------+
string HeartbeatMessage(const long epoch,const STerminalState &terminal,const long timer_max_us,const bool busy)
  {
   CJsonWriter json;
   json.Text("type","heartbeat");
   json.Integer("epoch",epoch);
   json.Flag("broker_connected",terminal.broker_connected);
   json.Flag("trade_allowed",terminal.trade_forbidden_by=="");
   json.TextIfAny("trade_forbidden_by",Shorten(terminal.trade_forbidden_by,TEXT_MAX));
   json.Integer("server_ms",terminal.server_ms);
   json.Number("balance",terminal.balance);
   json.Number("equity",terminal.equity);
   json.Number("margin",terminal.margin);
   json.IntegerIfAny("ping_us",terminal.ping_us);
   json.IntegerIfAny("timer_max_us",timer_max_us);
   if(busy)
      json.Flag("busy",true);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Return a report with its number.                                 |
//+------------------------------------------------------------------+
string ReportMessage(const long epoch,const long seq,const string report)
  {
   CJsonWriter json;
   json.Text("type","report");
   json.Integer("epoch",epoch);
   json.Integer("seq",seq);
   json.Number("report",report);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Return the message that ends a session in order.                 |
//+------------------------------------------------------------------+
string ByeMessage(const long epoch,const string reason)
  {
   CJsonWriter json;
   json.Text("type","bye");
   json.Integer("epoch",epoch);
   json.Text("reason",Shorten(reason,TEXT_MAX));
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Return the answer to a message that cannot be read.              |
//+------------------------------------------------------------------+
string ErrorMessage(const string code,const string message)
  {
   CJsonWriter json;
   json.Text("type","error");
   json.Text("code",Shorten(code,64));
   json.Text("message",Shorten(message,TEXT_MAX));
   return(json.Result());
  }
//+------------------------------------------------------------------+
