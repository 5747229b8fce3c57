//+------------------------------------------------------------------+
//|                                                ZmtpMechanism.mqh |
//| Security handshake of ZMTP 3 (RFC 37). A mechanism is a class,   |
//| so that CURVE can be added beside NULL: it would exchange more   |
//| commands before Done, and send each message as a MESSAGE         |
//| command.                                                         |
//+------------------------------------------------------------------+
#include "..\Common\Bytes.mqh"
#include "..\Common\Text.mqh"

#define ZMTP_MECHANISM_BYTES 20
//+------------------------------------------------------------------+
//| Append a text of ASCII characters.                               |
//+------------------------------------------------------------------+
void AppendAscii(CBytes &out,const string text)
  {
   for(int i=0; i<StringLen(text); i++)
      out.AppendByte(StringGetCharacter(text,i));
  }
//+------------------------------------------------------------------+
//| Return bytes as ASCII characters; any other byte is '?'.         |
//+------------------------------------------------------------------+
string AsciiText(const uchar &bytes[],const int start,const int count)
  {
   string text="";
   for(int i=start; i<start+count && i<ArraySize(bytes); i++)
      text+=(bytes[i]>=0x20 && bytes[i]<0x7F) ? ShortToString((ushort)bytes[i]) : "?";
   return(text);
  }
//+------------------------------------------------------------------+
//| Exchange between the greeting and the first message.             |
//+------------------------------------------------------------------+
class CZmtpMechanism
  {
protected:
   string            m_error;
   bool              m_done;

public:
                     CZmtpMechanism(void) { m_error=""; m_done=false; }
   virtual          ~CZmtpMechanism(void) { }
   virtual string    Name(void) const=0;
   virtual void      Start(CBytes &command)=0;
   virtual void      OnCommand(const string name,const uchar &body[],const int start,CBytes &answer)=0;
   bool              Done(void) const { return(m_done); }
   string            Error(void) const { return(m_error); }
  };
//+------------------------------------------------------------------+
//| NULL: both sides send READY with their socket type.              |
//+------------------------------------------------------------------+
class CZmtpNull : public CZmtpMechanism
  {
private:
   bool              ReadProperties(const uchar &body[],const int start,string &socket_type);

public:
   virtual string    Name(void) const { return("NULL"); }
   virtual void      Start(CBytes &command);
   virtual void      OnCommand(const string name,const uchar &body[],const int start,CBytes &answer);
  };
//+------------------------------------------------------------------+
//| Write our READY, as libzmq's DEALER does. The identity is empty, |
//| so that the ROUTER chooses the routing id; RFC 37 allows to      |
//| leave it out, but then an older JeroMQ fails.                    |
//+------------------------------------------------------------------+
void CZmtpNull::Start(CBytes &command)
  {
   m_error="";
   m_done=false;
   command.AppendByte(5);
   AppendAscii(command,"READY");
   command.AppendByte(11);
   AppendAscii(command,"Socket-Type");
   command.AppendSize(6,4);
   AppendAscii(command,"DEALER");
   command.AppendByte(8);
   AppendAscii(command,"Identity");
   command.AppendSize(0,4);
  }
//+------------------------------------------------------------------+
//| Handle the peer's READY.                                         |
//+------------------------------------------------------------------+
void CZmtpNull::OnCommand(const string name,const uchar &body[],const int start,CBytes &answer)
  {
   string socket_type="";
   answer.Clear();
   if(name!="READY")
      m_error="the peer sent "+name+" where READY was expected";
   else if(!ReadProperties(body,start,socket_type))
      m_error="the peer's READY is malformed";
   else if(socket_type!="ROUTER" && socket_type!="DEALER" && socket_type!="REP")
      m_error="the peer is a "+socket_type+" socket: this is not the sidecar's port";
   else
      m_done=true;
  }
//+------------------------------------------------------------------+
//| Read the properties of a READY: name and value, repeated.        |
//+------------------------------------------------------------------+
bool CZmtpNull::ReadProperties(const uchar &body[],const int start,string &socket_type)
  {
   int at=start;
   int end=ArraySize(body);
   while(at<end)
     {
      int name_size=body[at];
      if(name_size==0 || at+1+name_size+4>end)
         return(false);
      string name=AsciiText(body,at+1,name_size);
      StringToLower(name);
      at+=1+name_size;
      long size=0;
      for(int i=0; i<4; i++)
         size=256*size+body[at+i];
      at+=4;
      if(size>end-at)
         return(false);
      if(name=="socket-type")
         socket_type=AsciiText(body,at,(int)size);
      at+=(int)size;
     }
   return(socket_type!="");
  }
//+------------------------------------------------------------------+
