//+------------------------------------------------------------------+
//|                                               CommandReports.mqh |
//| Reports of this program itself: stages of a command, the end of  |
//| a scan, the connection and troubles. JSON only; no call into the |
//| terminal.                                                        |
//+------------------------------------------------------------------+
#include "..\Common\Text.mqh"
#include "..\Json\Writer.mqh"
#include "..\Ledger\LedgerBook.mqh"
#include "..\Link\Records.mqh"

#define FOUND_NOTHING "nothing"
#define FOUND_UNSEARCHED "unsearched"
#define SCAN_LIVE_ORDERS_MAX 1000 // more, with the positions, might not fit into one message
//+------------------------------------------------------------------+
//| Report that a command was received and waits.                    |
//+------------------------------------------------------------------+
string ReceivedReport(const long client_order_id,const long attempt)
  {
   CJsonWriter json;
   json.Text("kind","command");
   json.Integer("client_order_id",client_order_id);
   json.Integer("attempt",attempt);
   json.Text("stage","received");
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Report that a command was not sent, and that this attempt never  |
//| is.                                                              |
//+------------------------------------------------------------------+
string NotSentReport(const long client_order_id,const long attempt,const SNotSent &answer)
  {
   CJsonWriter json;
   json.Text("kind","command");
   json.Integer("client_order_id",client_order_id);
   json.Integer("attempt",attempt);
   json.Text("stage","not_sent");
   json.Text("reason",answer.reason);
   json.TextIfAny("message",Shorten(answer.message,TEXT_MAX));
   json.IntegerIfAny("retcode",answer.retcode);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Report that the broker has records with the command's id, which  |
//| were reported before: it was sent already, and this attempt      |
//| never is.                                                        |
//+------------------------------------------------------------------+
string FoundReport(const long client_order_id,const long attempt)
  {
   CJsonWriter json;
   json.Text("kind","command");
   json.Integer("client_order_id",client_order_id);
   json.Integer("attempt",attempt);
   json.Text("stage","found");
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Report that the intent is in the ledger. The request is sent     |
//| next, or was sent. `request`: the order as JSON, where the       |
//| sidecar may have lost the command; else empty.                   |
//+------------------------------------------------------------------+
string SubmittedReport(const SLedgerEntry &entry,const string request="")
  {
   CJsonWriter json;
   json.Text("kind","command");
   json.Integer("client_order_id",entry.client_order_id);
   json.Integer("attempt",entry.attempt);
   json.Text("stage","submitted");
   json.Integer("mark",entry.mark);
   json.NumberIfAny("request",request);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Report the result of OrderSend.                                  |
//+------------------------------------------------------------------+
string ResultReport(const SLedgerEntry &entry)
  {
   CJsonWriter json;
   json.Text("kind","command");
   json.Integer("client_order_id",entry.client_order_id);
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
//| Answer a status request where neither ledger nor broker has an   |
//| outcome.                                                         |
//+------------------------------------------------------------------+
string StatusReplyReport(const SStatusRequest &status_request,const string found,const long connected_ms)
  {
   CJsonWriter json;
   json.Text("kind","command");
   json.Integer("client_order_id",status_request.order.client_order_id);
   json.Integer("attempt",status_request.attempt);
   json.Text("stage","status_reply");
   json.Integer("request_no",status_request.request_no);
   json.Text("found",found);
   json.IntegerIfAny("connected_ms",connected_ms);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Return a JSON array of numbers.                                  |
//+------------------------------------------------------------------+
string NumberList(const long &numbers[])
  {
   string list="[";
   for(int i=0; i<ArraySize(numbers); i++)
      list+=((i>0) ? "," : "")+IntegerToString(numbers[i]);
   return(list+"]");
  }
//+------------------------------------------------------------------+
//| Report the end of a scan. Everything that it found was reported  |
//| before.                                                          |
//+------------------------------------------------------------------+
string ScanReport(const string instance_id,const long counter,const long from_ms,const long to_ms,const int deals,
                const int orders,const long &positions[],const long &live_orders[])
  {
   CJsonWriter json;
   json.Text("kind","scan");
   json.Text("instance_id",instance_id);
   json.Integer("counter",counter);
   json.Integer("from_server_ms",from_ms);
   json.Integer("to_server_ms",to_ms);
   json.Integer("deals",deals);
   json.Integer("orders",orders);
   json.Number("positions",NumberList(positions));
   // A shortened list would mean that the others are off the book.
   if(ArraySize(live_orders)<=SCAN_LIVE_ORDERS_MAX)
      json.Number("live_orders",NumberList(live_orders));
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Report that the terminal lost or regained its broker.            |
//+------------------------------------------------------------------+
string ConnectionReport(const string instance_id,const long counter,const bool up)
  {
   CJsonWriter json;
   json.Text("kind","connection");
   json.Text("instance_id",instance_id);
   json.Integer("counter",counter);
   json.Flag("up",up);
   json.Text("message",up ? "the broker is connected again" : "the connection to the broker is lost");
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Report a trouble that requires action.                           |
//+------------------------------------------------------------------+
string TroubleReport(const string instance_id,const long counter,const string code,const string message)
  {
   CJsonWriter json;
   json.Text("kind","trouble");
   json.Text("instance_id",instance_id);
   json.Integer("counter",counter);
   json.Text("code",code);
   json.Text("message",Shorten(message,TEXT_MAX));
   return(json.Result());
  }
//+------------------------------------------------------------------+
