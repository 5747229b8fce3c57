//+------------------------------------------------------------------+
//|                                                     OwnFacts.mqh |
//| Facts that we make ourselves: stages of a command, what the      |
//| ledger proves, the end of a scan, connection and trouble. JSON   |
//| only; no call into the terminal.                                 |
//+------------------------------------------------------------------+
#include "JsonWriter.mqh"
#include "LedgerBook.mqh"
#include "Terms.mqh"
#include "Text.mqh"

#define FOUND_NOTHING "nothing"
#define FOUND_UNSEARCHED "unsearched"
//+------------------------------------------------------------------+
//| The command came in and waits                                    |
//+------------------------------------------------------------------+
string ReceivedFact(const long token,const long attempt)
  {
   CJsonWriter json;
   json.Text("kind","command");
   json.Integer("token",token);
   json.Integer("attempt",attempt);
   json.Text("stage","received");
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| It was not sent, and this attempt never will be                  |
//+------------------------------------------------------------------+
string NotSentFact(const long token,const long attempt,const SNotSent &answer)
  {
   CJsonWriter json;
   json.Text("kind","command");
   json.Integer("token",token);
   json.Integer("attempt",attempt);
   json.Text("stage","not_sent");
   json.Text("reason",answer.reason);
   json.TextIfAny("message",Shorten(answer.message,TEXT_MAX));
   json.IntegerIfAny("retcode",answer.retcode);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| The intent is in the ledger; the request goes out next, or went  |
//+------------------------------------------------------------------+
string SubmittedFact(const SLedgerEntry &entry)
  {
   CJsonWriter json;
   json.Text("kind","command");
   json.Integer("token",entry.token);
   json.Integer("attempt",entry.attempt);
   json.Text("stage","submitted");
   json.Integer("mark",entry.mark);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| OrderSend came back                                              |
//+------------------------------------------------------------------+
string ResultFact(const SLedgerEntry &entry)
  {
   CJsonWriter json;
   json.Text("kind","command");
   json.Integer("token",entry.token);
   json.Integer("attempt",entry.attempt);
   json.Text("stage","result");
   json.Integer("mark",entry.mark);
   json.TextIfAny("message",Shorten(entry.message,TEXT_MAX));
   json.IntegerIfAny("retcode",entry.retcode);
   json.IntegerIfAny("order",entry.order);
   json.IntegerIfAny("deal",entry.deal);
   json.NumberIfAny("price",entry.price);
   json.NumberIfAny("volume",entry.volume);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| The answer to a settle where neither ledger nor broker has an    |
//| outcome                                                          |
//+------------------------------------------------------------------+
string SettledFact(const SSettle &settle,const string found,const long connected_ms)
  {
   CJsonWriter json;
   json.Text("kind","command");
   json.Integer("token",settle.order.token);
   json.Integer("attempt",settle.attempt);
   json.Text("stage","settled");
   json.Integer("ask",settle.ask);
   json.Text("found",found);
   json.IntegerIfAny("connected_ms",connected_ms);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| A scan is through; everything it found was reported before this  |
//+------------------------------------------------------------------+
string ScanFact(const string boot,const long counter,const long from_ms,const long to_ms,const int deals,
                const int orders,const long &positions[])
  {
   CJsonWriter json;
   string list="[";
   for(int i=0; i<ArraySize(positions); i++)
      list+=((i>0) ? "," : "")+IntegerToString(positions[i]);
   json.Text("kind","scan");
   json.Text("boot",boot);
   json.Integer("counter",counter);
   json.Integer("from_server_ms",from_ms);
   json.Integer("to_server_ms",to_ms);
   json.Integer("deals",deals);
   json.Integer("orders",orders);
   json.Number("positions",list+"]");
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| The terminal lost or regained its broker                         |
//+------------------------------------------------------------------+
string ConnectionFact(const string boot,const long counter,const bool up)
  {
   CJsonWriter json;
   json.Text("kind","connection");
   json.Text("boot",boot);
   json.Integer("counter",counter);
   json.Flag("up",up);
   json.Text("message",up ? "the broker is back" : "the connection to the broker is lost");
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Something that a person must see                                 |
//+------------------------------------------------------------------+
string TroubleFact(const string boot,const long counter,const string code,const string message)
  {
   CJsonWriter json;
   json.Text("kind","trouble");
   json.Text("boot",boot);
   json.Integer("counter",counter);
   json.Text("code",code);
   json.Text("message",Shorten(message,TEXT_MAX));
   return(json.Result());
  }
//+------------------------------------------------------------------+
