//+------------------------------------------------------------------+
//|                                                   Connection.mqh |
//| Messages over a TCP connection: transport and ZMTP together.     |
//+------------------------------------------------------------------+
#include "Transport.mqh"
#include "Zmtp.mqh"
//+------------------------------------------------------------------+
//| One connection to the sidecar.                                   |
//+------------------------------------------------------------------+
class CConnection
  {
private:
   CTransport        m_transport;
   CZmtp             m_zmtp;
   CZmtpNull         m_null;
   CBytes            m_in;
   bool              m_open;
   bool              m_broken; // the socket broke; bytes that it left are still read
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
//| Create it closed.                                                |
//+------------------------------------------------------------------+
CConnection::CConnection(void)
  {
   m_open=false;
   m_broken=false;
   m_reason="";
  }
//+------------------------------------------------------------------+
//| Connect; return false on failure. Our greeting is sent in the    |
//| next timer call.                                                 |
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
//| Close the connection, and drop what was not sent.                |
//+------------------------------------------------------------------+
void CConnection::Close(void)
  {
   m_transport.Close();
   m_in.Clear();
   m_open=false;
   m_broken=false;
  }
//+------------------------------------------------------------------+
//| Return whether there is a connection.                            |
//+------------------------------------------------------------------+
bool CConnection::IsOpen(void) const
  {
   return(m_open);
  }
//+------------------------------------------------------------------+
//| Return whether messages can be sent.                             |
//+------------------------------------------------------------------+
bool CConnection::Ready(void) const
  {
   return(m_open && !m_broken && m_zmtp.Ready());
  }
//+------------------------------------------------------------------+
//| Return why there is no connection.                               |
//+------------------------------------------------------------------+
string CConnection::Reason(void) const
  {
   return(m_reason);
  }
//+------------------------------------------------------------------+
//| Return the terminal's error number; 0 where it gave none.        |
//+------------------------------------------------------------------+
int CConnection::ErrorNumber(void) const
  {
   return(m_transport.ErrorNumber());
  }
//+------------------------------------------------------------------+
//| Start a timer call.                                              |
//+------------------------------------------------------------------+
void CConnection::NextCall(void)
  {
   m_transport.NextCall();
  }
//+------------------------------------------------------------------+
//| Mark the connection as broken. Always false.                     |
//+------------------------------------------------------------------+
bool CConnection::Fail(const string reason)
  {
   if(!m_broken)
      m_reason=reason;
   m_broken=true;
   return(false);
  }
//+------------------------------------------------------------------+
//| Receive bytes.                                                   |
//+------------------------------------------------------------------+
void CConnection::Receive(void)
  {
   if(m_open && !m_broken && !m_transport.Receive(m_in))
      Fail(m_transport.Reason());
  }
//+------------------------------------------------------------------+
//| Read the next received message; return false where there is      |
//| none.                                                            |
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
//| Return whether the connection broke and is still to be closed.   |
//+------------------------------------------------------------------+
bool CConnection::Broken(void) const
  {
   return(m_open && m_broken);
  }
//+------------------------------------------------------------------+
//| Queue a message. A connection that takes no more is broken.      |
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
//| Send what the socket takes.                                      |
//+------------------------------------------------------------------+
void CConnection::Flush(void)
  {
   if(m_open && !m_broken && !m_transport.Flush())
      Fail(m_transport.Reason());
  }
//+------------------------------------------------------------------+
//| Return whether everything was sent.                              |
//+------------------------------------------------------------------+
bool CConnection::AllSent(void) const
  {
   return(m_transport.Unsent()==0);
  }
//+------------------------------------------------------------------+
