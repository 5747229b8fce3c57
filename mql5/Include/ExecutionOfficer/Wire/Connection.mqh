//+------------------------------------------------------------------+
//|                                                   Connection.mqh |
//| Messages over a TCP connection: the transport and ZMTP as one.   |
//+------------------------------------------------------------------+
#include "Transport.mqh"
#include "Zmtp.mqh"
//+------------------------------------------------------------------+
//| One connection to the sidecar, or none                           |
//+------------------------------------------------------------------+
class CConnection
  {
private:
   CTransport        m_transport;
   CZmtp             m_zmtp;
   CZmtpNull         m_null;
   CBytes            m_in;
   bool              m_open;
   bool              m_broken;     // the socket is; what it left behind is still read
   string            m_reason;

   bool              Fail(const string reason);

public:
                     CConnection(void);
   bool              Open(const string host,const int port);
   void              Close(void);
   bool              IsOpen(void) const;
   bool              Ready(void) const;
   string            Reason(void) const;
   int               ErrorNumber(void) const;
   void              NextCall(void);
   void              Receive(void);
   bool              Next(uchar &message[]);
   bool              Broken(void) const;
   void              Send(const string message);
   void              Flush(void);
   bool              AllSent(void) const;
  };
//+------------------------------------------------------------------+
//| Closed                                                           |
//+------------------------------------------------------------------+
CConnection::CConnection(void)
  {
   m_open=false;
   m_broken=false;
   m_reason="";
  }
//+------------------------------------------------------------------+
//| Connect. Our greeting goes out with the next timer call.         |
//+------------------------------------------------------------------+
bool CConnection::Open(const string host,const int port)
  {
   Close();
   m_reason="";
   if(!m_transport.Open(host,port))
     {
      m_reason=m_transport.Reason();
      return(false);
     }
   m_open=true;
   CBytes out;
   m_zmtp.Start(GetPointer(m_null),out);
   m_transport.Queue(out);
   return(true);
  }
//+------------------------------------------------------------------+
//| Let go of the connection, and of all that is on its way          |
//+------------------------------------------------------------------+
void CConnection::Close(void)
  {
   m_transport.Close();
   m_in.Clear();
   m_open=false;
   m_broken=false;
  }
//+------------------------------------------------------------------+
//| Whether there is a connection                                    |
//+------------------------------------------------------------------+
bool CConnection::IsOpen(void) const
  {
   return(m_open);
  }
//+------------------------------------------------------------------+
//| Whether messages may be sent                                     |
//+------------------------------------------------------------------+
bool CConnection::Ready(void) const
  {
   return(m_open && !m_broken && m_zmtp.Ready());
  }
//+------------------------------------------------------------------+
//| Why there is no connection                                       |
//+------------------------------------------------------------------+
string CConnection::Reason(void) const
  {
   return(m_reason);
  }
//+------------------------------------------------------------------+
//| The terminal's error number with that, 0 where it gave none      |
//+------------------------------------------------------------------+
int CConnection::ErrorNumber(void) const
  {
   return(m_transport.ErrorNumber());
  }
//+------------------------------------------------------------------+
//| Another timer call begins                                        |
//+------------------------------------------------------------------+
void CConnection::NextCall(void)
  {
   m_transport.NextCall();
  }
//+------------------------------------------------------------------+
//| The connection is of no use any more                             |
//+------------------------------------------------------------------+
bool CConnection::Fail(const string reason)
  {
   if(!m_broken)
      m_reason=reason;
   m_broken=true;
   return(false);
  }
//+------------------------------------------------------------------+
//| Take in what has come                                            |
//+------------------------------------------------------------------+
void CConnection::Receive(void)
  {
   if(m_open && !m_broken && !m_transport.Receive(m_in))
      Fail(m_transport.Reason());
  }
//+------------------------------------------------------------------+
//| The next message of those that have come                         |
//+------------------------------------------------------------------+
bool CConnection::Next(uchar &message[])
  {
   if(!m_open)
      return(false);
   CBytes out;
   bool there=m_zmtp.Next(m_in,out,message);
   if(m_zmtp.Failed())
      Fail(m_zmtp.Error());
   if(!m_broken && !m_transport.Queue(out))
      Fail(m_transport.Reason());
   return(there);
  }
//+------------------------------------------------------------------+
//| Whether it broke; it is still to be closed                       |
//+------------------------------------------------------------------+
bool CConnection::Broken(void) const
  {
   return(m_open && m_broken);
  }
//+------------------------------------------------------------------+
//| Have a message sent. A connection that takes no more is broken.  |
//+------------------------------------------------------------------+
void CConnection::Send(const string message)
  {
   if(!Ready())
      return;
   uchar bytes[];
   CBytes out;
   int size=TextToUtf8(message,bytes);
   m_zmtp.Write(bytes,size,out);
   if(!m_transport.Queue(out))
      Fail(m_transport.Reason());
  }
//+------------------------------------------------------------------+
//| Send what the socket takes                                       |
//+------------------------------------------------------------------+
void CConnection::Flush(void)
  {
   if(m_open && !m_broken && !m_transport.Flush())
      Fail(m_transport.Reason());
  }
//+------------------------------------------------------------------+
//| Whether nothing waits to be sent                                 |
//+------------------------------------------------------------------+
bool CConnection::AllSent(void) const
  {
   return(m_transport.Unsent()==0);
  }
//+------------------------------------------------------------------+
