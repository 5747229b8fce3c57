//+------------------------------------------------------------------+
//|                                                   MessagesIn.mqh |
//| What the sidecar says: one frame, one JSON object with a type.   |
//| Unknown fields are ignored, so that a newer sidecar can be heard.|
//| A field that breaks its rule makes the whole message malformed.  |
//+------------------------------------------------------------------+
#include "OrderJson.mqh"

#define MAX_MESSAGE_BYTES 65536

enum ENUM_HEARD
  {
   HEARD_MALFORMED,
   HEARD_UNKNOWN,
   HEARD_CHALLENGE,
   HEARD_REFUSED,
   HEARD_WELCOME,
   HEARD_COMMAND,
   HEARD_STATUS_REQUEST,
   HEARD_INQUIRE,
   HEARD_ACK,
   HEARD_HEARTBEAT,
   HEARD_BYE,
   HEARD_ERROR
  };
//+------------------------------------------------------------------+
//| One message; which fields mean anything depends on its type      |
//+------------------------------------------------------------------+
struct SHeard
  {
   ENUM_HEARD        type;
   bool              is_error;    // it was meant as an error, which is never answered
   string            problem;     // MALFORMED, UNKNOWN: what is wrong with it
   long              epoch;
   long              number;      // CHALLENGE: version; ACK: seq; HEARTBEAT: clock_ms
   string            nonce;
   string            proof;
   string            code;
   string            text;        // message of a refusal or an error, reason of a bye
   string            remedy;
   SWelcome          welcome;
   SCommand          command;
   SStatusRequest           status_request;
   SInquiry          inquiry;
  };
//+------------------------------------------------------------------+
//| Reads messages                                                   |
//+------------------------------------------------------------------+
class CMessageReader
  {
private:
   CJsonReader       m_reader;
   CJsonFields       m_fields;

   void              ReadFields(const ENUM_HEARD type,SHeard &heard);
   void              ReadWelcome(SWelcome &welcome);
   void              ReadCommand(SCommand &command);
   void              ReadStatusRequest(SStatusRequest &status_request);

public:
   void              Read(const uchar &frame[],const int size,SHeard &heard);
  };
//+------------------------------------------------------------------+
//| The type that a word names                                       |
//+------------------------------------------------------------------+
ENUM_HEARD HeardType(const string word)
  {
   if(word=="challenge")
      return(HEARD_CHALLENGE);
   if(word=="refused")
      return(HEARD_REFUSED);
   if(word=="welcome")
      return(HEARD_WELCOME);
   if(word=="command")
      return(HEARD_COMMAND);
   if(word=="status_request")
      return(HEARD_STATUS_REQUEST);
   if(word=="inquire")
      return(HEARD_INQUIRE);
   if(word=="ack")
      return(HEARD_ACK);
   if(word=="heartbeat")
      return(HEARD_HEARTBEAT);
   if(word=="bye")
      return(HEARD_BYE);
   if(word=="error")
      return(HEARD_ERROR);
   return(HEARD_UNKNOWN);
  }
//+------------------------------------------------------------------+
//| One frame                                                        |
//+------------------------------------------------------------------+
void CMessageReader::Read(const uchar &frame[],const int size,SHeard &heard)
  {
   heard.type=HEARD_MALFORMED;
   heard.is_error=false;
   heard.problem="";
   if(size==0)
     {
      heard.problem="the message is empty";
      return;
     }
   if(size>MAX_MESSAGE_BYTES)
     {
      heard.problem="the message has "+IntegerToString(size)+" bytes; the most is "+IntegerToString(MAX_MESSAGE_BYTES);
      return;
     }
   if(!m_reader.Parse(frame,0,size))
     {
      heard.problem="the message is not a JSON object with a type: "+m_reader.Error();
      return;
     }
   m_fields.Read(m_reader,0);
   string word=m_fields.Text("type",TEXT_MAX,true);
   if(m_fields.Error()!="")
     {
      heard.problem="the message is not a JSON object with a type: "+m_fields.Error();
      return;
     }
   ENUM_HEARD type=HeardType(word);
   if(type==HEARD_UNKNOWN)
     {
      heard.type=HEARD_UNKNOWN;
      heard.problem="unknown message type '"+Shorten(word,64)+"'";
      return;
     }
   heard.is_error=(type==HEARD_ERROR);
   ReadFields(type,heard);
   if(m_fields.Error()!="")
      heard.problem=word+": "+m_fields.Error();
   else
      heard.type=type;
  }
//+------------------------------------------------------------------+
//| The fields of a type                                             |
//+------------------------------------------------------------------+
void CMessageReader::ReadFields(const ENUM_HEARD type,SHeard &heard)
  {
   switch(type)
     {
      case HEARD_CHALLENGE:
         heard.number=m_fields.Integer("version",1,999,true);
         heard.nonce=m_fields.Hex("nonce",64);
         heard.proof=m_fields.Hex("proof",64);
         return;
      case HEARD_REFUSED:
         heard.code=m_fields.Name("code");
         heard.text=m_fields.Text("message",TEXT_MAX,true);
         heard.remedy=m_fields.Text("remedy",TEXT_MAX,true);
         return;
      case HEARD_ERROR:
         heard.code=m_fields.Text("code",64,true);
         heard.text=m_fields.Text("message",TEXT_MAX,true);
         return;
      default:
         break;
     }
   heard.epoch=m_fields.Integer("epoch",0,COUNT_MAX,true);
   switch(type)
     {
      case HEARD_WELCOME:
         ReadWelcome(heard.welcome);
         break;
      case HEARD_COMMAND:
         ReadCommand(heard.command);
         break;
      case HEARD_STATUS_REQUEST:
         ReadStatusRequest(heard.status_request);
         break;
      case HEARD_INQUIRE:
         heard.inquiry.epoch=heard.epoch;
         heard.inquiry.symbol=m_fields.Name("symbol");
         heard.inquiry.exact=m_fields.Flag("exact");
         break;
      case HEARD_ACK:
         heard.number=m_fields.Integer("seq",0,COUNT_MAX,true);
         break;
      case HEARD_HEARTBEAT:
         heard.number=m_fields.Integer("clock_ms",0,COUNT_MAX,true);
         break;
      default:
         heard.text=m_fields.Text("reason",TEXT_MAX,true);
         break;
     }
  }
//+------------------------------------------------------------------+
//| A welcome's own fields                                           |
//+------------------------------------------------------------------+
void CMessageReader::ReadWelcome(SWelcome &welcome)
  {
   welcome.epoch=m_fields.Integer("epoch",1,COUNT_MAX,true);
   welcome.heartbeat_ms=m_fields.Integer("heartbeat_ms",0,COUNT_MAX,true);
   welcome.ledger_mark=m_fields.Integer("ledger_mark",0,COUNT_MAX,true);
   welcome.watermark_ms=m_fields.Integer("watermark_server_ms",0,COUNT_MAX,true);
   welcome.overlap_ms=m_fields.Integer("overlap_ms",0,COUNT_MAX,true);
   welcome.max_bytes=m_fields.Integer("max_message_bytes",0,COUNT_MAX,true);
  }
//+------------------------------------------------------------------+
//| A command's own fields                                           |
//+------------------------------------------------------------------+
void CMessageReader::ReadCommand(SCommand &command)
  {
   command.epoch=m_fields.Integer("epoch",0,COUNT_MAX,true);
   command.attempt=m_fields.Integer("attempt",1,INT31_MAX,true);
   command.deadline_ms=m_fields.Integer("deadline_ms",0,COUNT_MAX,true);
   command.expires_server_ms=m_fields.Integer("expires_server_ms",0,COUNT_MAX,false);
   command.arrived_ms=0;
   int order=m_fields.Inner("order");
   if(m_fields.Error()!="")
      return;
   m_fields.Read(m_reader,order);
   ReadOrder(m_fields,command.order);
  }
//+------------------------------------------------------------------+
//| A settle's own fields                                            |
//+------------------------------------------------------------------+
void CMessageReader::ReadStatusRequest(SStatusRequest &status_request)
  {
   status_request.epoch=m_fields.Integer("epoch",0,COUNT_MAX,true);
   int item=m_fields.Inner("item");
   if(m_fields.Error()!="")
      return;
   m_fields.Read(m_reader,item);
   status_request.attempt=m_fields.Integer("attempt",1,INT31_MAX,true);
   status_request.request_no=m_fields.Integer("request_no",1,INT31_MAX,true);
   status_request.ledger=m_fields.Hex("ledger",32);
   status_request.since_ms=m_fields.Integer("since_server_ms",0,COUNT_MAX,true);
   int order=m_fields.Inner("order");
   if(m_fields.Error()!="")
      return;
   m_fields.Read(m_reader,order);
   ReadOrder(m_fields,status_request.order);
  }
//+------------------------------------------------------------------+
