//+------------------------------------------------------------------+
//|                                                         Zmtp.mqh |
//| ZMTP 3.0 and 3.1 (RFC 23 and 37), the connecting side: bytes in, |
//| messages out. No socket and no clock.                            |
//|                                                                  |
//|   state      event                                     next      |
//|   GREETING   64 bytes, version 3, our mechanism        SECURITY  |
//|   SECURITY   the mechanism is done                     TRAFFIC   |
//|   TRAFFIC    messages, PING and PONG                   TRAFFIC   |
//|   any        a violation of the protocol, or ERROR     FAILED    |
//+------------------------------------------------------------------+
#include "ZmtpMechanism.mqh"

#define ZMTP_GREETING_BYTES 64
#define ZMTP_MAX_FRAME 65536
#define ZMTP_MAX_PARTS 64         // parts of one message
#define ZMTP_PING_CONTEXT 16

#define ZMTP_FLAG_MORE 1
#define ZMTP_FLAG_LONG 2
#define ZMTP_FLAG_COMMAND 4

enum ENUM_ZMTP_STATE
  {
   ZMTP_STATE_GREETING,
   ZMTP_STATE_SECURITY,
   ZMTP_STATE_TRAFFIC,
   ZMTP_STATE_FAILED
  };
//+------------------------------------------------------------------+
//| One connection.                                                  |
//+------------------------------------------------------------------+
class CZmtp
  {
private:
   ENUM_ZMTP_STATE   m_state;
   CZmtpMechanism   *m_mechanism;
   string            m_error;
   int               m_parts; // parts of the incoming message

   bool              Fail(const string error);
   bool              ReadGreeting(CBytes &in);
   bool              ReadFrame(CBytes &in,int &flags,uchar &body[]);
   void              OnCommand(const uchar &body[],CBytes &out);
   void              WriteCommand(CBytes &body,CBytes &out);

public:
                     CZmtp(void);
   void              Start(CZmtpMechanism *mechanism,CBytes &out);
   bool              Ready(void) const;
   bool              Failed(void) const;
   string            Error(void) const;
   bool              Next(CBytes &in,CBytes &out,uchar &message[]);
   void              Write(const uchar &message[],const int size,CBytes &out) const;
  };
//+------------------------------------------------------------------+
//| Create it without a connection.                                  |
//+------------------------------------------------------------------+
CZmtp::CZmtp(void)
  {
   m_state=ZMTP_STATE_FAILED;
   m_mechanism=NULL;
   m_error="not connected";
   m_parts=0;
  }
//+------------------------------------------------------------------+
//| Start a connection: write our greeting.                          |
//+------------------------------------------------------------------+
void CZmtp::Start(CZmtpMechanism *mechanism,CBytes &out)
  {
   m_state=ZMTP_STATE_GREETING;
   m_mechanism=mechanism;
   m_error="";
   m_parts=0;
   out.AppendByte(0xFF);
   out.AppendSize(0,8);
   out.AppendByte(0x7F);
   out.AppendByte(3);
   out.AppendByte(1);
   string name=mechanism.Name();
   AppendAscii(out,name);
   out.AppendSize(0,ZMTP_MECHANISM_BYTES-StringLen(name));
   out.AppendByte(0);
   out.AppendSize(0,31);
  }
//+------------------------------------------------------------------+
//| Return whether messages can be written.                          |
//+------------------------------------------------------------------+
bool CZmtp::Ready(void) const
  {
   return(m_state==ZMTP_STATE_TRAFFIC);
  }
//+------------------------------------------------------------------+
//| Return whether the connection failed.                            |
//+------------------------------------------------------------------+
bool CZmtp::Failed(void) const
  {
   return(m_state==ZMTP_STATE_FAILED);
  }
//+------------------------------------------------------------------+
//| Return why it failed.                                            |
//+------------------------------------------------------------------+
string CZmtp::Error(void) const
  {
   return(m_error);
  }
//+------------------------------------------------------------------+
//| Fail: the peer violated the protocol. Always false.              |
//+------------------------------------------------------------------+
bool CZmtp::Fail(const string error)
  {
   if(m_state!=ZMTP_STATE_FAILED)
      m_error=error;
   m_state=ZMTP_STATE_FAILED;
   return(false);
  }
//+------------------------------------------------------------------+
//| Check the peer's greeting byte by byte as it arrives; return     |
//| true once it is complete.                                        |
//+------------------------------------------------------------------+
bool CZmtp::ReadGreeting(CBytes &in)
  {
   int size=in.Size();
   if((size>0 && in.At(0)!=0xFF) || (size>9 && in.At(9)!=0x7F))
      return(Fail("the peer does not speak ZMTP: this is not the sidecar's port"));
   if(size>10 && in.At(10)<3)
      return(Fail("the peer speaks ZMTP "+IntegerToString(in.At(10))+"; version 3 is required"));
   if(size<ZMTP_GREETING_BYTES)
      return(false);
   string theirs="";
   for(int i=12; i<12+ZMTP_MECHANISM_BYTES && in.At(i)!=0; i++)
      theirs+=ShortToString((ushort)in.At(i));
   if(theirs!=m_mechanism.Name())
      return(Fail("the peer requires the mechanism "+theirs+"; this program uses "+m_mechanism.Name()));
   in.Skip(ZMTP_GREETING_BYTES);
   return(true);
  }
//+------------------------------------------------------------------+
//| Read the next frame; return false until it is complete.          |
//+------------------------------------------------------------------+
bool CZmtp::ReadFrame(CBytes &in,int &flags,uchar &body[])
  {
   if(in.Size()<2)
      return(false);
   flags=in.At(0);
   if((flags&~(ZMTP_FLAG_MORE|ZMTP_FLAG_LONG|ZMTP_FLAG_COMMAND))!=0
      || (flags&(ZMTP_FLAG_COMMAND|ZMTP_FLAG_MORE))==(ZMTP_FLAG_COMMAND|ZMTP_FLAG_MORE))
      return(Fail("a frame with invalid flags"));
   int head=((flags&ZMTP_FLAG_LONG)!=0) ? 9 : 2;
   if(in.Size()<head)
      return(false);
   long size=0;
   for(int i=1; i<head; i++)
     {
      size=256*size+in.At(i);
      if(size>ZMTP_MAX_FRAME)
         return(Fail("a frame of more than "+IntegerToString(ZMTP_MAX_FRAME)+" bytes"));
     }
   if(in.Size()<head+size)
      return(false);
   in.CopyOut(body,head,(int)size);
   in.Skip(head+(int)size);
   return(true);
  }
//+------------------------------------------------------------------+
//| Handle a command of the peer.                                    |
//+------------------------------------------------------------------+
void CZmtp::OnCommand(const uchar &body[],CBytes &out)
  {
   int size=ArraySize(body);
   int name_size=(size>0) ? body[0] : 0;
   if(name_size==0 || 1+name_size>size)
     {
      Fail("a malformed command");
      return;
     }
   string name=AsciiText(body,1,name_size);
   int start=1+name_size;
   CBytes answer;
   if(name=="ERROR")
      Fail("the peer sent ERROR: "+AsciiText(body,start+1,size-start-1));
   else if(m_state==ZMTP_STATE_SECURITY)
     {
      m_mechanism.OnCommand(name,body,start,answer);
      if(m_mechanism.Error()!="")
         Fail(m_mechanism.Error());
      else if(m_mechanism.Done())
         m_state=ZMTP_STATE_TRAFFIC;
     }
   else if(name=="PING")
     {
      // Two bytes of time to live, then up to 16 bytes that the PONG returns.
      if(size<start+2 || size>start+2+ZMTP_PING_CONTEXT)
        {
         Fail("a malformed PING");
         return;
        }
      answer.AppendByte(4);
      AppendAscii(answer,"PONG");
      answer.Append(body,start+2,size-start-2);
     }
   if(answer.Size()>0)
      WriteCommand(answer,out);
  }
//+------------------------------------------------------------------+
//| Write a command as a frame.                                      |
//+------------------------------------------------------------------+
void CZmtp::WriteCommand(CBytes &body,CBytes &out)
  {
   bool is_long=(body.Size()>255);
   out.AppendByte(is_long ? ZMTP_FLAG_COMMAND|ZMTP_FLAG_LONG : ZMTP_FLAG_COMMAND);
   out.AppendSize((ulong)body.Size(),is_long ? 8 : 1);
   out.Take(body);
  }
//+------------------------------------------------------------------+
//| Read until a message is complete. A message of several parts is  |
//| never the sidecar's, and is read as an empty one. Answers of the |
//| protocol are written to `out`.                                   |
//+------------------------------------------------------------------+
bool CZmtp::Next(CBytes &in,CBytes &out,uchar &message[])
  {
   int flags=0;
   if(m_state==ZMTP_STATE_GREETING)
     {
      if(!ReadGreeting(in))
         return(false);
      CBytes command;
      m_mechanism.Start(command);
      WriteCommand(command,out);
      m_state=ZMTP_STATE_SECURITY;
     }
   while(m_state!=ZMTP_STATE_FAILED && ReadFrame(in,flags,message))
     {
      if((flags&ZMTP_FLAG_COMMAND)!=0)
        {
         OnCommand(message,out);
         continue;
        }
      if(m_state!=ZMTP_STATE_TRAFFIC)
         return(Fail("a message before the end of the handshake"));
      m_parts++;
      if(m_parts>ZMTP_MAX_PARTS)
         return(Fail("a message of more than "+IntegerToString(ZMTP_MAX_PARTS)+" parts"));
      if((flags&ZMTP_FLAG_MORE)!=0)
         continue;
      if(m_parts>1)
         ArrayResize(message,0);
      m_parts=0;
      return(true);
     }
   return(false);
  }
//+------------------------------------------------------------------+
//| Write a message as a frame.                                      |
//+------------------------------------------------------------------+
void CZmtp::Write(const uchar &message[],const int size,CBytes &out) const
  {
   bool is_long=(size>255);
   out.AppendByte(is_long ? ZMTP_FLAG_LONG : 0);
   out.AppendSize((ulong)size,is_long ? 8 : 1);
   out.Append(message,0,size);
  }
//+------------------------------------------------------------------+
