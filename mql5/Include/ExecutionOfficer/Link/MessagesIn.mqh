//+------------------------------------------------------------------+
//|                                                   MessagesIn.mqh |
//| Messages of the sidecar: one frame is one JSON object with a     |
//| type. Unknown fields are ignored, so that a newer sidecar can be |
//| understood; an unknown type or value is refused by name. A field |
//| that breaks its rule makes the message malformed.                |
//+------------------------------------------------------------------+
#include "OrderJson.mqh"

#define MAX_MESSAGE_BYTES 65536

enum ENUM_MESSAGE_TYPE
  {
   MESSAGE_MALFORMED,
   MESSAGE_UNKNOWN,
   MESSAGE_CHALLENGE,
   MESSAGE_REFUSED,
   MESSAGE_WELCOME,
   MESSAGE_COMMAND,
   MESSAGE_STATUS_REQUEST,
   MESSAGE_INQUIRE,
   MESSAGE_SCAN_REQUEST,
   MESSAGE_ACK,
   MESSAGE_HEARTBEAT,
   MESSAGE_BYE,
   MESSAGE_ERROR
  };
//+------------------------------------------------------------------+
//| One message. Its type says which fields have a meaning.          |
//+------------------------------------------------------------------+
struct SMessage
  {
   ENUM_MESSAGE_TYPE type;
   bool              is_error; // sent as an error message, which is never answered
   string            problem;  // MALFORMED, UNKNOWN: the rule that is broken
   long              epoch;
   long              version;  // CHALLENGE
   string            nonce;
   string            proof;
   string            code;     // REFUSED, ERROR
   string            message;
   string            remedy;
   long              seq;      // ACK
   long              clock_ms; // HEARTBEAT
   string            reason;   // BYE
   SWelcome          welcome;
   SCommand          command;
   SStatusRequest    status_request;
   SInquiry          inquiry;
  };
//+------------------------------------------------------------------+
//| Reader of messages.                                              |
//+------------------------------------------------------------------+
class CMessageReader
  {
private:
   CJsonReader       m_reader;
   CJsonFields       m_fields;

   void              ReadFields(const ENUM_MESSAGE_TYPE type,SMessage &message);
   void              ReadWelcome(SWelcome &welcome);
   void              ReadCommand(SCommand &command);
   void              ReadStatusRequest(SStatusRequest &status_request);

public:
   void              Read(const uchar &frame[],const int size,SMessage &message);
  };
//+------------------------------------------------------------------+
//| Return the type of a type name.                                  |
//+------------------------------------------------------------------+
ENUM_MESSAGE_TYPE MessageTypeOf(const string word)
  {
   if(word=="challenge")
      return(MESSAGE_CHALLENGE);
   if(word=="refused")
      return(MESSAGE_REFUSED);
   if(word=="welcome")
      return(MESSAGE_WELCOME);
   if(word=="command")
      return(MESSAGE_COMMAND);
   if(word=="status_request")
      return(MESSAGE_STATUS_REQUEST);
   if(word=="inquire")
      return(MESSAGE_INQUIRE);
   if(word=="scan_request")
      return(MESSAGE_SCAN_REQUEST);
   if(word=="ack")
      return(MESSAGE_ACK);
   if(word=="heartbeat")
      return(MESSAGE_HEARTBEAT);
   if(word=="bye")
      return(MESSAGE_BYE);
   if(word=="error")
      return(MESSAGE_ERROR);
   return(MESSAGE_UNKNOWN);
  }
//+------------------------------------------------------------------+
//| Read one frame.                                                  |
//+------------------------------------------------------------------+
void CMessageReader::Read(const uchar &frame[],const int size,SMessage &message)
  {
   message.type=MESSAGE_MALFORMED;
   message.is_error=false;
   message.problem="";
   if(size==0)
     {
      message.problem="the message is empty";
      return;
     }
   if(size>MAX_MESSAGE_BYTES)
     {
      message.problem="the message has "+IntegerToString(size)+" bytes; the maximum is "+IntegerToString(MAX_MESSAGE_BYTES);
      return;
     }
   if(!m_reader.Parse(frame,0,size))
     {
      message.problem="the message is not a JSON object with a type: "+m_reader.Error();
      return;
     }
   m_fields.Read(m_reader,0);
   string word=m_fields.Text("type",TEXT_MAX,true);
   if(m_fields.Error()!="")
     {
      message.problem="the message is not a JSON object with a type: "+m_fields.Error();
      return;
     }
   ENUM_MESSAGE_TYPE type=MessageTypeOf(word);
   if(type==MESSAGE_UNKNOWN)
     {
      message.type=MESSAGE_UNKNOWN;
      message.problem="unknown message type \""+Shorten(word,64)+"\"";
      return;
     }
   message.is_error=(type==MESSAGE_ERROR);
   ReadFields(type,message);
   if(m_fields.Error()!="")
      message.problem=word+": "+m_fields.Error();
   else
      message.type=type;
  }
//+------------------------------------------------------------------+
//| Read the fields of a type.                                       |
//+------------------------------------------------------------------+
void CMessageReader::ReadFields(const ENUM_MESSAGE_TYPE type,SMessage &message)
  {
   switch(type)
     {
      case MESSAGE_CHALLENGE:
         message.version=m_fields.Integer("version",1,999,true);
         message.nonce=m_fields.Hex("nonce",64);
         message.proof=m_fields.Hex("proof",64);
         return;
      case MESSAGE_REFUSED:
         message.code=m_fields.Name("code");
         message.message=m_fields.Text("message",TEXT_MAX,true);
         message.remedy=m_fields.Text("remedy",TEXT_MAX,true);
         return;
      case MESSAGE_ERROR:
         message.code=m_fields.Text("code",64,true);
         message.message=m_fields.Text("message",TEXT_MAX,true);
         return;
      default:
         break;
     }
   message.epoch=m_fields.Integer("epoch",0,COUNT_MAX,true);
   switch(type)
     {
      case MESSAGE_WELCOME:
         ReadWelcome(message.welcome);
         break;
      case MESSAGE_COMMAND:
         ReadCommand(message.command);
         break;
      case MESSAGE_STATUS_REQUEST:
         ReadStatusRequest(message.status_request);
         break;
      case MESSAGE_INQUIRE:
         message.inquiry.epoch=message.epoch;
         message.inquiry.symbol=m_fields.Name("symbol");
         message.inquiry.exact=m_fields.Flag("exact");
         break;
      case MESSAGE_SCAN_REQUEST:
         break;
      case MESSAGE_ACK:
         message.seq=m_fields.Integer("seq",0,COUNT_MAX,true);
         break;
      case MESSAGE_HEARTBEAT:
         message.clock_ms=m_fields.Integer("clock_ms",0,COUNT_MAX,true);
         break;
      case MESSAGE_BYE:
         message.reason=m_fields.Text("reason",TEXT_MAX,true);
         break;
      default:
         m_fields.Fail("type","has no known fields");
         break;
     }
  }
//+------------------------------------------------------------------+
//| Read the fields of a welcome.                                    |
//+------------------------------------------------------------------+
void CMessageReader::ReadWelcome(SWelcome &welcome)
  {
   welcome.epoch=m_fields.Integer("epoch",1,COUNT_MAX,true);
   welcome.heartbeat_ms=m_fields.Integer("heartbeat_ms",0,COUNT_MAX,true);
   welcome.ledger_mark=m_fields.Integer("ledger_mark",0,COUNT_MAX,true);
   welcome.watermark_server_ms=m_fields.Integer("watermark_server_ms",0,COUNT_MAX,true);
   welcome.overlap_ms=m_fields.Integer("overlap_ms",0,COUNT_MAX,true);
   welcome.max_message_bytes=m_fields.Integer("max_message_bytes",0,COUNT_MAX,true);
   welcome.stored_epoch=m_fields.Integer("stored_epoch",0,COUNT_MAX,false);
   welcome.stored_seq=m_fields.Integer("stored_seq",0,COUNT_MAX,false);
  }
//+------------------------------------------------------------------+
//| Read the fields of a command.                                    |
//+------------------------------------------------------------------+
void CMessageReader::ReadCommand(SCommand &command)
  {
   command.epoch=m_fields.Integer("epoch",0,COUNT_MAX,true);
   command.attempt=m_fields.Integer("attempt",1,INT31_MAX,true);
   command.deadline_ms=m_fields.Integer("deadline_ms",0,COUNT_MAX,true);
   command.expires_server_ms=m_fields.Integer("expires_server_ms",0,COUNT_MAX,false);
   command.search_from_server_ms=m_fields.Integer("search_from_server_ms",0,COUNT_MAX,false);
   command.arrived_ms=0;
   int order=m_fields.Inner("order");
   if(m_fields.Error()!="")
      return;
   m_fields.Read(m_reader,order);
   ReadOrder(m_fields,command.order);
  }
//+------------------------------------------------------------------+
//| Read the fields of a status request.                             |
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
   status_request.since_server_ms=m_fields.Integer("since_server_ms",0,COUNT_MAX,true);
   int order=m_fields.Inner("order");
   if(m_fields.Error()!="")
      return;
   m_fields.Read(m_reader,order);
   ReadOrder(m_fields,status_request.order);
  }
//+------------------------------------------------------------------+
